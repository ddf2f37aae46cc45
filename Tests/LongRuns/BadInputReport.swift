import Foundation

/// What bad input cost, and what became of it, with a verdict.
struct BadInputReport: RunReport {
    /// Most of decisions a second that an attack may cost.
    private static let limit = 0.1
    /// By which the victim may have grown.
    private static let growthLimit = 256 << 20

    private struct Row {
        let kind: Ammunition
        let quiet: Double
        let attacked: Double
        let cpu: (quiet: Double, attacked: Double)
        let idleShare: Double
        let frames: Double
        let bytes: Double
        /// By metric, a second.
        let counted: [(name: String, perSecond: Double)]
        let residentBytes: Int
        let isHealthy: Bool

        var loss: Double { 1 - attacked / quiet }
        var isMet: Bool {
            // The edge makes it wait; below a thousand frames or 2 MB a second it would be no attack.
            isHealthy && loss < BadInputReport.limit && (frames > 1000 || bytes > 2e6) && !counted.isEmpty
        }
    }

    private let initialBytes: Int
    private var rows: [Row] = []
    var lateEdge: LateEdge.Outcome?
    var isVictimReady = false

    init(victim residentBytes: Int) { initialBytes = residentBytes }

    /// Metrics that say that something was dropped, or answered within bounds, and how they are called here.
    private static let causes = [
        ("reeve_host_frames_of_edges_over_budget_total", "link's budget"),
        ("reeve_host_dropped_frames_total", "inbox full"),
        ("reeve_host_undecodable_frames_total", "undecodable"),
        ("reeve_replica_messages_from_strangers_total", "not an edge's to say"),
        ("reeve_replica_refused_seals_total", "seals refused"),
        ("reeve_replica_unacceptable_statements_total", "statements refused"),
        ("reeve_gossip_over_budget_total", "gossip's budget"),
        ("reeve_gossip_unreadable_total", "unreadable"),
        ("reeve_gossip_malformed_total", "malformed"),
        ("reeve_gossip_unasked_total", "unasked"),
        ("reeve_gossip_records_refused_total", "records refused"),
        ("reeve_gossip_records_passed_over_total", "records passed over"),
        ("reeve_gossip_records_repeated_total", "records repeated"),
        ("reeve_gossip_entries_refused_total", "entries refused"),
        ("reeve_gossip_not_sent_total", "answers not sent"),
    ]

    static var metrics: [String] { causes.map(\.0) }

    mutating func add(
        _ kind: Ammunition,
        _ windows: [(quiet: AttackTrial.Window, attacked: AttackTrial.Window)],
        residentBytes: Int
    ) {
        func median(_ value: (AttackTrial.Window) -> Double, of windows: [AttackTrial.Window]) -> Double {
            let sorted = windows.map(value).sorted()
            return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
        }
        let (quiet, attacked) = (windows.map(\.quiet), windows.map(\.attacked))
        let counted = Self.causes.map { metric, name in
            // What is counted without an attack too is none of its doing.
            func total(_ windows: [AttackTrial.Window]) -> Int { windows.reduce(0) { $0 + ($1.counted[metric] ?? 0) } }
            let seconds = attacked.reduce(0) { $0 + $1.seconds }
            return (name: name, perSecond: Double(max(0, total(attacked) - total(quiet))) / seconds)
        }
        rows.append(
            Row(
                kind: kind,
                quiet: median(\.decisionsPerSecond, of: quiet),
                attacked: median(\.decisionsPerSecond, of: attacked),
                cpu: (median(\.cpuMicroseconds, of: quiet), median(\.cpuMicroseconds, of: attacked)),
                idleShare: median(\.idleShare, of: quiet),
                frames: median(\.frames, of: attacked),
                bytes: median(\.bytes, of: attacked),
                counted: counted.filter { $0.perSecond >= 0.5 },
                residentBytes: residentBytes,
                isHealthy: attacked.allSatisfy { $0.isReady && !$0.isEmptyHanded }
            )
        )
    }

    private var growth: Int { (rows.map(\.residentBytes).max() ?? initialBytes) - initialBytes }

    private var isLateEdgeShut: Bool { lateEdge.map { $0.saysWhy && !$0.isReady && !$0.permits } ?? false }

    var isMet: Bool {
        !rows.isEmpty && rows.allSatisfy(\.isMet) && growth <= Self.growthLimit && isLateEdgeShut && isVictimReady
    }

    var text: String {
        let head = [
            "# Three voters and an edge. The edge has one core for itself; on the other are those who ask it, the voters, and the",
            "# attacker, which has the link of an edge that joined, and the least of claims to that core: what is measured is the",
            "# edge's own work. Windows without and with an attack in turn; medians. Less than 10 % fewer decisions.",
            "",
            line(
                "",
                "frames/s",
                "MB/s",
                "decisions/s",
                "attacked",
                "fewer",
                "us CPU",
                "attacked",
                "core 2 idle",
                "MB",
                ""
            ),
        ]
        let table = rows.map { row in
            line(
                row.kind.rawValue,
                "\(Int(row.frames))",
                String(format: "%.1f", row.bytes / 1e6),
                "\(Int(row.quiet))",
                "\(Int(row.attacked))",
                String(format: "%.1f %%", row.loss * 100),
                String(format: "%.1f", row.cpu.quiet),
                String(format: "%.1f", row.cpu.attacked),
                String(format: "%.0f %%", row.idleShare * 100),
                "\(row.residentBytes >> 20)",
                row.isMet ? "met" : "MISSED"
            )
        }
        let causes = rows.map { row in
            let list = row.counted.map { "\($0.name) \(Int($0.perSecond.rounded()))" }.joined(separator: ", ")
            return "\(row.kind.rawValue): " + (row.isHealthy ? "" : "NOT READY, or nothing to send; ") + list
        }
        let rest = [
            "", "What was counted, a second:", causes.joined(separator: "\n"), "",
            "The edge grew by \(growth >> 20) MB, from \(initialBytes >> 20): " + verdict(growth <= Self.growthLimit),
            "An edge whose checkpoint is older than seven days says so, and permits nothing: "
                + verdict(isLateEdgeShut),
            "The edge is ready at the end: " + verdict(isVictimReady),
        ]
        return (head + table + rest).joined(separator: "\n")
    }

    private func verdict(_ isMet: Bool) -> String { isMet ? "met" : "MISSED" }

    private func line(_ cells: String...) -> String {
        let widths = [19, 9, 7, 12, 9, 8, 8, 9, 12, 5]
        return cells.enumerated().map { place, cell in
            guard place < widths.count else { return "  " + cell }
            let padding = String(repeating: " ", count: max(0, widths[place] - cell.count))
            return place == 0 ? cell + padding : padding + cell
        }
        .joined()
    }
}
