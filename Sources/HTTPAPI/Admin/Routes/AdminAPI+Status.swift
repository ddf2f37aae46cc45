internal import Decision
internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let statusRoutes: [AdminRoute] = [
        AdminRoute("GET", "/healthz", .open) { _, _ in .json(["healthy": true]) },
        AdminRoute("GET", "/readyz", .open) { api, _ in
            let report = NodeReport(await api.client.status(), api.client, api.options)
            guard let reason = report.unreadiness else { return .json(report.readiness) }
            throw ServiceError(.unavailable, code: "not_ready", message: reason)
        },
        AdminRoute("GET", "/v1/node/status", .identified) { api, _ in
            .json(NodeReport(await api.client.status(), api.client, api.options).json)
        },
        AdminRoute("GET", "/metrics", .identified) { api, _ in
            let report = NodeReport(await api.client.status(), api.client, api.options)
            let text = MetricsText.format(report.metrics + api.options.metrics())
            return AdminResponse(
                status: 200,
                mediaType: MetricsText.mediaType,
                headers: [],
                body: Array(text.utf8)
            )
        },
    ]
}

/// What a node says of itself.
struct NodeReport: Sendable {
    let status: NodeStatus
    let now: WallTime
    let age: Kernel.Span?
    /// Past which decisions are refused, where no policy says otherwise.
    let toleratedAge: Kernel.Span
    let isCaughtUp: Bool
    let certificateRemaining: Kernel.Span
    let certificateWarning: Kernel.Span
    let renewal: CertificateRenewalReport?
    let rollouts: [RolloutShare]
    /// Why the state cannot be read whole, if so: then every decision denies.
    let damage: StateDamage?
    let unreadPolicies: [UnreadPolicies]
    let counts: @Sendable (RolloutStage) -> RolloutCounts

    init(_ status: NodeStatus, _ client: any ReplicaClient, _ options: AdminAPI.Options) {
        let now = client.now()
        let state = client.decisionState
        self.status = status
        self.now = now.wall
        self.age = state.freshness.map { $0.age(at: now) }
        self.toleratedAge = state.snapshot.maximumAge
        self.isCaughtUp = state.isServing
        self.certificateRemaining = status.certificateExpiresAt.elapsed(since: now.wall)
        self.certificateWarning = options.certificateWarning
        self.renewal = options.renewal()
        self.rollouts = state.snapshot.rollouts
        self.damage = state.snapshot.damage
        self.unreadPolicies = state.snapshot.unreadPolicies
        self.counts = options.rolloutCounts
    }

    /// Why the node is not ready; nil when it is.
    var unreadiness: String? {
        if let reason = status.haltReason { return "the node has halted: \(reason)" }
        if damage != nil { return "the state cannot be read whole, so that every decision denies" }
        if let reason = status.role == NodeStatus.edge ? edgeUnreadiness : memberUnreadiness { return reason }
        if !status.isServing || !isCaughtUp { return "the node has not caught up with the cluster yet" }
        if age == nil { return "the node has no proof yet that its state is current" }
        return nil
    }

    private var memberUnreadiness: String? {
        guard status.leader == nil else { return nil }
        return status.exclusion ?? "the node knows no leader"
    }

    /// It follows no leader, but what voters seal: the age of that says whether it hears of them.
    private var edgeUnreadiness: String? {
        if let reason = status.exclusion { return reason }
        if let age, age <= toleratedAge { return nil }
        if let progress = snapshotProgress { return "this edge takes \(progress)" }
        guard let age else { return nil }
        return "the newest seal that has reached this edge is of \(age.milliseconds / 1000) s ago"
    }

    /// Nil before it is known what comes.
    private var snapshotProgress: String? {
        guard let snapshot = status.snapshot, let index = snapshot.index else { return nil }
        return "the state at revision \(index.number) from \(snapshot.from): "
            + "\(snapshot.byteCount) bytes of \(snapshot.expectedByteCount) at most"
    }

    /// Of a node that is ready. What it cannot do like the others is said here, and keeps no client away: if the whole cluster runs a
    /// program that cannot read the policies, nobody would answer. Which they are, and what is wrong with them, is for those who are known.
    var readiness: JSONValue {
        guard !unreadPolicies.isEmpty else { return ["ready": true] }
        return ["ready": true, "degraded": "this node decides by earlier policies than are active in the cluster"]
    }

    var warnings: [String] {
        damageWarnings + sealWarnings + policyWarnings + logWarnings + certificateWarnings + rolloutWarnings
    }

    private var damageWarnings: [String] {
        damage.map { ["the node denies every decision, since its state cannot be read whole: \($0)"] } ?? []
    }

    /// Voters seal each second, and a few hops take less than that.
    private static let expectedSealAge = Kernel.Span.seconds(10)

    private var sealWarnings: [String] {
        guard status.role == NodeStatus.edge, let age, age > Self.expectedSealAge else { return [] }
        return [
            "the newest seal that has reached this edge is of \(age.milliseconds / 1000) s ago; "
                + "past \(toleratedAge.milliseconds / 1000) s it denies"
        ]
    }

    private var policyWarnings: [String] {
        unreadPolicies.map {
            "\($0.set) version \($0.version), which is active, cannot be read by this node's program, which decides by version "
                + "\($0.inForce): \($0.reason)"
        }
    }

    private static func json(_ unread: UnreadPolicies) -> JSONValue {
        [
            "set": .string(unread.set), "version": unread.version.json, "in_force": unread.inForce.json,
            "reason": .string(unread.reason),
        ]
    }

    private var rolloutWarnings: [String] {
        rollouts.compactMap { share in
            share.failure.map {
                "\(share.stage.set) version \(share.spec.version), which is rolled out, cannot be put in force on this node, which "
                    + "decides by the version before: \($0)"
            }
        }
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

    private var certificateWarnings: [String] {
        let failure = renewal?.lastFailure
        guard certificateRemaining <= certificateWarning else {
            return failure.map { ["the node's certificate is not renewed: \($0)"] } ?? []
        }
        let days = certificateRemaining.milliseconds / 86_400_000
        let state = certificateRemaining == .zero ? "has expired" : "expires in \(days) day(s)"
        let reason = failure.map { ", since it is not renewed: \($0)" } ?? ""
        return ["the node's certificate \(state)\(reason); run `reeve node renew` on its machine"]
    }

    private var logWarnings: [String] {
        guard !status.log.isWhole else { return [] }
        return [
            "the log on this node's disk is damaged; until its peers have repaired it the node neither votes nor leads; "
                + "check the disk"
        ]
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

    var metrics: [MetricSample] {
        let gauges: [MetricSample] = [
            .gauge("reeve_raft_term_count", "Term of the node.", status.term.number),
            .gauge("reeve_raft_leader_count", "1 while the node leads.", status.leader == status.member ? 1 : 0),
            .gauge("reeve_raft_last_index_entries", "Last entry of the log.", status.lastIndex.number),
            .gauge("reeve_raft_commit_index_entries", "Last committed entry.", status.commitIndex.number),
            .gauge("reeve_directory_revision_entries", "Entry that the state reflects.", status.revision.number),
            .gauge("reeve_directory_epoch_count", "Statements of revocation recorded.", status.epoch),
            .gauge("reeve_storage_log_bytes", "Size of the log.", status.logBytes),
            .gauge("reeve_storage_state_bytes", "Size of the state.", status.stateBytes),
            .gauge(
                "reeve_storage_log_damaged_entries",
                "Entries that are damaged and not repaired yet.",
                status.log.damagedEntries
            ),
            .gauge(
                "reeve_storage_log_whole_count",
                "1 unless the log is damaged, so that the node neither votes nor leads.",
                status.log.isWhole ? 1 : 0
            ),
            .gauge("reeve_node_ready_count", "1 while the node is ready.", unreadiness == nil ? 1 : 0),
            .gauge(
                "reeve_decision_damaged_count",
                "1 while the state cannot be read whole, so that every decision denies.",
                damage == nil ? 0 : 1
            ),
            .gauge(
                "reeve_decision_unread_policies_count",
                "Policy sets of which the node decides by an earlier version, since it cannot read the active one.",
                UInt64(unreadPolicies.count)
            ),
            .gauge("reeve_node_halted_count", "1 when the node has halted.", status.haltReason == nil ? 0 : 1),
            .gauge(
                "reeve_keys_certificate_remaining_seconds",
                "Time until the node's certificate expires.",
                certificateRemaining.milliseconds / 1000
            ),
            .gauge(
                "reeve_links_connected_peers_count",
                "Peers that the node is connected to.",
                UInt64(status.peers.count { $0.isConnected && $0.member != status.member })
            ),
        ]
        let ages = age.map {
            MetricSample.gauge("reeve_decision_age_milliseconds", "Age of knowledge.", $0.milliseconds)
        }
        let seals: [MetricSample] =
            status.seal.map { seal in
                [
                    .gauge("reeve_seal_index_entries", "Entry of the newest seal.", seal.index.number),
                    .gauge(
                        "reeve_seal_age_milliseconds",
                        "Since the time that the newest seal is of.",
                        now.elapsed(since: seal.time).milliseconds
                    ),
                ]
            } ?? []
        let coordinates: [MetricSample] =
            status.coordinate.map { coordinate in
                [
                    .gauge(
                        "reeve_gossip_coordinate_error_percent",
                        "How far off estimates of round trips have been lately.",
                        UInt64(max(0, coordinate.error) / 10_000)
                    ),
                    .gauge(
                        "reeve_gossip_coordinate_height_microseconds",
                        "What every path of the node has on top.",
                        UInt64(max(0, coordinate.height))
                    ),
                ]
            } ?? []
        let reachability: [MetricSample] =
            status.unreached.map { unreached in
                [
                    .gauge(
                        "reeve_gossip_suspected_nodes_count",
                        "Members and edges that a neighbour of theirs does not hear, and that may still say otherwise.",
                        UInt64(unreached.count { !$0.isUnreachable })
                    ),
                    .gauge(
                        "reeve_gossip_unreachable_nodes_count",
                        "Members and edges that did not say otherwise in time.",
                        UInt64(unreached.count { $0.isUnreachable })
                    ),
                ]
            } ?? []
        let counters = status.counters.map {
            MetricSample.counter("reeve_\($0.name)_total", "Since the start.", $0.value)
        }
        return gauges + seals + coordinates + reachability + (renewal?.metrics(at: now) ?? [])
            + (ages.map { [$0] } ?? []) + counters
    }
}
