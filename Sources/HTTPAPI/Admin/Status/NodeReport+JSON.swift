internal import Decision
internal import Directory
internal import JSON
internal import Kernel
internal import Service

/// As `/v1/node/status` answers.
extension NodeReport {
    var json: JSONValue {
        .object([
            JSONMember("name", status.name), JSONMember("member", status.member.uuid),
            JSONMember("incarnation", .integer(Int64(status.member.incarnation))),
            JSONMember("lineage", status.lineage.description), JSONMember("role", status.role),
            JSONMember("term", status.term.number.json), JSONMember("leader", leaderName),
            JSONMember("first_index", status.firstIndex.json), JSONMember("last_index", status.lastIndex.json),
            JSONMember("commit_index", status.commitIndex.json), JSONMember("revision", status.revision.json),
            JSONMember("epoch", status.epoch.json), JSONMember("state_root", status.stateRoot.hex),
            JSONMember("age_ms", age.map { $0.milliseconds.json } ?? .null),
            JSONMember("serving", .bool(status.isServing)), JSONMember("ready", .bool(unreadiness == nil)),
            JSONMember("not_ready_because", unreadiness.json), JSONMember("halted", status.haltReason.json),
            JSONMember("damage", (damage?.description).json),
            JSONMember("unread_policies", .array(unreadPolicies.map(Self.json))),
            JSONMember("log", log), JSONMember("seal", seal), JSONMember("coordinate", coordinate),
            JSONMember("snapshot", snapshot), JSONMember("reachability", reachability),
            JSONMember("supported_feature_level", .integer(Int64(FeatureLevel.supported.number))),
            JSONMember("log_bytes", status.logBytes.json), JSONMember("state_bytes", status.stateBytes.json),
            JSONMember("certificate_expires_at", status.certificateExpiresAt.json),
            JSONMember("certificate_renewal_at", renewal?.nextAttempt.json ?? .null),
            JSONMember("certificate_renewal_failure", (renewal?.lastFailure).json),
            JSONMember("warnings", .array(warnings.map { .string($0) })),
            JSONMember("peers", .array(status.peers.map(Self.json))),
            JSONMember("rollouts", .array(rollouts.map(shareJSON))),
        ])
    }

    private var log: JSONValue {
        [
            "damaged_entries": status.log.damagedEntries.json,
            "lost_from": status.log.lostFrom.map(\.json) ?? .null,
            "lost_through": status.log.lostThrough.map(\.json) ?? .null,
            "scrubbed_through": status.log.scrubbedThrough.json, "scrub_passes": status.log.scrubPasses.json,
        ]
    }

    private var seal: JSONValue {
        guard let seal = status.seal else { return .null }
        return [
            "index": seal.index.json, "time": seal.time.json,
            "age_ms": now.elapsed(since: seal.time).milliseconds.json, "signers": .integer(Int64(seal.signerCount)),
        ]
    }

    private var coordinate: JSONValue {
        guard let coordinate = status.coordinate else { return .null }
        return [
            "position_us": .array(coordinate.position.map { .integer(Int64($0)) }),
            "height_us": .integer(Int64(coordinate.height)), "error_ppm": .integer(Int64(coordinate.error)),
        ]
    }

    /// A thousand edges may be cut off at once: those are counted.
    private static let listedNodes = 100

    private var reachability: JSONValue {
        guard let unreached = status.unreached else { return .null }
        let nodes = unreached.prefix(Self.listedNodes).map { node -> JSONValue in
            [
                "member": .string(node.member.uuid), "name": .string(node.name), "state": .string(node.state),
                "for_ms": node.duration.milliseconds.json,
            ]
        }
        return [
            "suspected": .integer(Int64(unreached.count { !$0.isUnreachable })),
            "unreachable": .integer(Int64(unreached.count { $0.isUnreachable })), "nodes": .array(nodes),
        ]
    }

    private var snapshot: JSONValue {
        guard let snapshot = status.snapshot else { return .null }
        return [
            "from": .string(snapshot.from), "index": snapshot.index.map(\.json) ?? .null,
            "bytes": snapshot.byteCount.json, "expected_bytes": snapshot.expectedByteCount.json,
        ]
    }

    private var leaderName: JSONValue {
        guard let leader = status.leader else { return .null }
        let name = leader == status.member ? status.name : status.peers.first { $0.member == leader }?.name
        return .string(name ?? leader.uuid)
    }

    private static func json(_ peer: NodeStatus.Peer) -> JSONValue {
        [
            "member": .string(peer.member.uuid), "incarnation": .integer(Int64(peer.member.incarnation)),
            "name": .string(peer.name), "api_address": .string(peer.apiAddress), "voter": .bool(peer.isVoter),
            "connected": .bool(peer.isConnected), "match_index": peer.matchIndex.map(\.json) ?? .null,
            "clock_offset_ms": peer.clockOffsetMilliseconds.map { .integer($0) } ?? .null,
        ]
    }

    private static func json(_ unread: UnreadPolicies) -> JSONValue {
        [
            "set": .string(unread.set), "version": unread.version.json, "in_force": unread.inForce.json,
            "reason": .string(unread.reason),
        ]
    }

    private func shareJSON(_ share: RolloutShare) -> JSONValue {
        .object(
            [
                JSONMember("set", share.stage.set), JSONMember("version", share.spec.version.json),
                JSONMember("stage", .integer(Int64(share.stage.number))),
                JSONMember("in_force", .bool(share.isInForce)),
                JSONMember("running", .bool(share.isRunning)), JSONMember("failure", share.failure.json),
            ] + counts(share.stage).members
        )
    }
}
