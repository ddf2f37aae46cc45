import Consensus
import Directory
import Gossip
import Kernel
import Keys
import Links
import Replica
import Sealing
package import Service
import Storage
import Synchronization

extension Node {
    package func status() async -> NodeStatus {
        let links = links.statistics
        let connected = Set(links.connected)
        let members = roster.members
        let names = roster.names
        let commits = log.snapshot
        let state = keeper.snapshot
        let scrub = scrubber.snapshot
        return await loop.read { [self] replica, now in
            let peers = members.map { peer(of: replica, $0, isConnected: connected.contains, at: now) }
            return NodeStatus(
                lineage: replica.lineage,
                member: replica.member,
                name: settings.member.name,
                role: role(of: replica),
                term: replica.term,
                leader: replica.leader,
                lastIndex: replica.lastPosition.index,
                commitIndex: replica.commitIndex,
                revision: replica.facts.revision,
                epoch: replica.facts.epoch,
                stateRoot: replica.facts.stateRoot,
                firstIndex: replica.firstIndex,
                isServing: replica.isServing,
                haltReason: replica.haltReason,
                exclusion: links.exclusion,
                log: NodeStatus.Log(
                    damagedEntries: replica.logHealth.damagedEntries,
                    lostFrom: replica.logHealth.lostFrom,
                    lostThrough: replica.logHealth.lostThrough,
                    scrubbedThrough: scrub.through,
                    scrubPasses: scrub.passes
                ),
                seal: replica.newestSeal.map { seal in
                    NodeStatus.Seal(
                        index: seal.statement.index,
                        time: seal.statement.time,
                        signerCount: seal.signatures.count
                    )
                },
                coordinate: replica.coordinate.map {
                    NodeStatus.Coordinate(position: $0.components, height: $0.height, error: $0.error)
                },
                unreached: replica.unreachedNodes?.map { unreached($0, names, at: now.monotonic) },
                snapshot: replica.fetchedSnapshot.map { fetched in
                    NodeStatus.Snapshot(
                        from: names[fetched.from] ?? fetched.from.uuid,
                        index: fetched.index,
                        byteCount: fetched.byteCount,
                        expectedByteCount: fetched.expectedByteCount
                    )
                },
                logBytes: stores.directory.log.summary?.usedBytes ?? 0,
                stateBytes: (try? stores.directory.state.usedBytes()) ?? 0,
                certificateExpiresAt: certificate.withLock { $0.notAfter },
                peers: peers,
                counters: [
                    .init("replica_forwarded_commands", replica.counters.forwarded),
                    .init("replica_messages_from_strangers", replica.counters.strangers),
                    .init("replica_stamps_too_far_ahead", replica.counters.stampsTooFarAhead),
                    .init("replica_late_proofs", replica.counters.lateProofs),
                    .init("replica_repeated_forwards", replica.counters.repeatedForwards),
                    .init("replica_undecodable_forwards", replica.counters.undecodableForwards),
                    .init("replica_unbelieved_introductions", replica.counters.unbelievedIntroductions),
                    .init("replica_strange_statements", replica.counters.strangeStatements),
                    .init("replica_unacceptable_statements", replica.counters.unacceptableStatements),
                    .init("replica_strange_seals", replica.counters.strangeSeals),
                    .init("replica_refused_seals", replica.counters.refusedSeals),
                    .init("replica_completed_seals", replica.counters.completedSeals),
                    .init("storage_log_commits", commits.commits),
                    .init("storage_log_entries", commits.entries),
                    .init("storage_state_batches", state.batches),
                    .init("storage_state_commits", state.commits),
                    .init("storage_state_entries", state.entries),
                    .init("storage_log_repaired_entries", replica.logHealth.repairedEntries),
                    .init("storage_log_scrub_passes", scrub.passes),
                    .init("storage_log_scrubbed_bytes", scrub.bytes),
                    .init("storage_log_scrubbed_entries", scrub.entries),
                    .init("host_dropped_frames", inbox.droppedFrames),
                    .init("host_frames_of_edges_over_budget", meter.droppedFrames),
                    .init("host_undecodable_frames", complaints.count),
                ] + replica.statementCounters + (replica.gossipCounters?.named ?? [])
            )
        }
    }

    private func role(of replica: ReplicaNode) -> String {
        if replica.isEdge { return "edge" }
        return replica.configuration.isVoter(replica.member) ? "\(replica.role)" : "learner"
    }

    private func unreached(_ node: UnreachedNode, _ names: [MemberID: String], at now: Instant) -> NodeStatus.Unreached
    {
        NodeStatus.Unreached(
            member: node.member,
            name: names[node.member] ?? node.member.uuid,
            isUnreachable: node.isUnreachable,
            duration: now.elapsed(since: node.since)
        )
    }

    private func peer(
        of replica: ReplicaNode,
        _ record: MemberRecord,
        isConnected: (MemberID) -> Bool,
        at now: Moment
    ) -> NodeStatus.Peer {
        let spec = record.spec
        let isSelf = spec.id == settings.member.id
        return NodeStatus.Peer(
            member: spec.id,
            name: spec.name,
            apiAddress: spec.apiAddresses.first ?? "",
            isVoter: record.isVoter,
            isConnected: isSelf || isConnected(spec.id),
            matchIndex: isSelf ? replica.lastPosition.index : replica.matchIndex(of: spec.id),
            clockOffsetMilliseconds: isSelf ? 0 : replica.clockOffsetMilliseconds(of: spec.id, at: now.monotonic)
        )
    }
}

extension ReplicaNode {
    fileprivate var statementCounters: [NodeStatus.Counter] {
        refusedStatements.map { .init("replica_statements_refused_\($0.refusal.rawValue)", $0.count) }
    }
}

extension GossipCounters {
    fileprivate var named: [NodeStatus.Counter] {
        [
            .init("gossip_from_strangers", fromStrangers),
            .init("gossip_unreadable", unreadable),
            .init("gossip_malformed", malformed),
            .init("gossip_over_budget", overBudget),
            .init("gossip_not_sent", notSent),
            .init("gossip_unasked", unasked),
            .init("gossip_records_taken", recordsTaken),
            .init("gossip_records_repeated", recordsRepeated),
            .init("gossip_records_refused", recordsRefused),
            .init("gossip_records_passed_over", recordsPassedOver),
            .init("gossip_round_trips", roundTrips),
            .init("gossip_suspicions", suspicions),
            .init("gossip_entries_taken", entriesTaken),
            .init("gossip_entries_refused", entriesRefused),
            .init("gossip_pulls", pulls),
            .init("gossip_forks", forks),
            .init("gossip_snapshots_asked", snapshotsAsked),
            .init("gossip_snapshots_taken", snapshotsTaken),
            .init("gossip_snapshots_refused", snapshotsRefused),
            .init("gossip_snapshots_served", snapshotsServed),
            .init("gossip_snapshot_taken_bytes", snapshotBytesTaken),
            .init("gossip_snapshot_sent_bytes", snapshotBytesSent),
        ]
    }
}

extension LinkStatistics {
    /// What a peer said that does not take this node for the member that it was.
    fileprivate var exclusion: String? {
        for peer in peers {
            switch peer.lastFailure {
            case .refusedByPeer(let refusal) where refusal == .removed || refusal == .otherInstance:
                return "\(peer.member.name) refuses this node: \(refusal)"
            default: continue
            }
        }
        return nil
    }
}
