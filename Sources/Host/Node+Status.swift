import Directory
import Kernel
import Keys
import Links
import Replica
package import Service
import Storage

extension Node {
    package func status() async -> NodeStatus {
        let links = links.statistics
        let commits = log.snapshot
        let state = keeper.snapshot
        let scrub = scrubber.snapshot
        return await loop.read { [self] replica, now in
            let peers = settings.genesis.voters.sorted { $0.name < $1.name }.map { voter in
                let isSelf = voter.id == settings.member.id
                return NodeStatus.Peer(
                    member: voter.id,
                    name: voter.name,
                    apiAddress: voter.apiAddresses.first ?? "",
                    isConnected: isSelf || links.connected.contains(voter.id),
                    matchIndex: isSelf ? replica.lastPosition.index : replica.matchIndex(of: voter.id),
                    clockOffsetMilliseconds: isSelf
                        ? 0 : replica.clockOffsetMilliseconds(of: voter.id, at: now.monotonic)
                )
            }
            return NodeStatus(
                lineage: replica.lineage,
                member: replica.member,
                name: settings.member.name,
                role: "\(replica.role)",
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
                log: NodeStatus.Log(
                    damagedEntries: replica.logHealth.damagedEntries,
                    lostFrom: replica.logHealth.lostFrom,
                    lostThrough: replica.logHealth.lostThrough,
                    scrubbedThrough: scrub.through,
                    scrubPasses: scrub.passes
                ),
                logBytes: stores.directory.log.summary?.usedBytes ?? 0,
                stateBytes: (try? stores.directory.state.usedBytes()) ?? 0,
                certificateExpiresAt: settings.credentials.validity.notAfter,
                peers: peers,
                counters: [
                    .init("replica_forwarded_commands", replica.counters.forwarded),
                    .init("replica_messages_from_strangers", replica.counters.strangers),
                    .init("replica_stamps_too_far_ahead", replica.counters.stampsTooFarAhead),
                    .init("replica_repeated_forwards", replica.counters.repeatedForwards),
                    .init("replica_undecodable_forwards", replica.counters.undecodableForwards),
                    .init("storage_log_commits", commits.commits),
                    .init("storage_log_entries", commits.entries),
                    .init("storage_log_moves", commits.moves),
                    .init("storage_state_batches", state.batches),
                    .init("storage_state_commits", state.commits),
                    .init("storage_state_entries", state.entries),
                    .init("storage_log_repaired_entries", replica.logHealth.repairedEntries),
                    .init("storage_log_scrub_passes", scrub.passes),
                    .init("storage_log_scrubbed_bytes", scrub.bytes),
                    .init("storage_log_scrubbed_entries", scrub.entries),
                    .init("host_dropped_frames", inbox.droppedFrames),
                ]
            )
        }
    }
}
