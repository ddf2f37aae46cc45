internal import Kernel
internal import Service

/// As `/metrics` answers, beside what other parts of the node count.
extension NodeReport {
    var metrics: [MetricSample] {
        raftMetrics + storageMetrics + decisionMetrics + nodeMetrics + sealMetrics + coordinateMetrics
            + reachabilityMetrics + (renewal?.metrics(at: now) ?? []) + counters
    }

    private var raftMetrics: [MetricSample] {
        [
            .gauge("reeve_raft_term_count", "Term of the node.", status.term.number),
            .gauge("reeve_raft_leader_count", "1 while the node leads.", status.leader == status.member ? 1 : 0),
            .gauge("reeve_raft_last_index_entries", "Last entry of the log.", status.lastIndex.number),
            .gauge("reeve_raft_commit_index_entries", "Last committed entry.", status.commitIndex.number),
            .gauge("reeve_directory_revision_entries", "Entry that the state reflects.", status.revision.number),
            .gauge("reeve_directory_epoch_count", "Statements of revocation recorded.", status.epoch),
        ]
    }

    private var storageMetrics: [MetricSample] {
        [
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
        ]
    }

    private var decisionMetrics: [MetricSample] {
        let age = age.map {
            MetricSample.gauge("reeve_decision_age_milliseconds", "Age of knowledge.", $0.milliseconds)
        }
        return [
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
        ] + (age.map { [$0] } ?? [])
    }

    private var nodeMetrics: [MetricSample] {
        [
            .gauge("reeve_node_ready_count", "1 while the node is ready.", unreadiness == nil ? 1 : 0),
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
    }

    private var sealMetrics: [MetricSample] {
        guard let seal = status.seal else { return [] }
        return [
            .gauge("reeve_seal_index_entries", "Entry of the newest seal.", seal.index.number),
            .gauge(
                "reeve_seal_age_milliseconds",
                "Since the time that the newest seal is of.",
                now.elapsed(since: seal.time).milliseconds
            ),
        ]
    }

    private var coordinateMetrics: [MetricSample] {
        guard let coordinate = status.coordinate else { return [] }
        return [
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
    }

    private var reachabilityMetrics: [MetricSample] {
        guard let unreached = status.unreached else { return [] }
        return [
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
    }

    private var counters: [MetricSample] {
        status.counters.map { MetricSample.counter("reeve_\($0.name)_total", "Since the start.", $0.value) }
    }
}
