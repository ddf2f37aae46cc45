import Foundation

/// What the bounds came to, with a verdict.
struct AgesReport: RunReport {
    let cuts: [CutOff]

    /// What an edge makes everything older by, since its clock and the voters' may differ: `maxClockError`.
    private static let clockError = 0.5
    private static let slack = 0.1
    private static let recoveryLimit = 2.0

    /// What was seen of one permit in one cut. Seconds.
    private struct Stop {
        let permit: Permit
        /// From the newest seal's time plus the bound until the last yes was asked for, and until the first no had come; negative
        /// for before.
        let lastYes: Double
        let firstNo: Double
        /// From the cut.
        let afterCut: Double

        /// A yes past the bound. By the cut as well, which no edge can be wrong about: it has heard nothing since then.
        var isLate: Bool { lastYes > 0 || afterCut > Double(permit.bound.components.seconds) }
        var isEarly: Bool { firstNo < -(AgesReport.clockError + AgesReport.slack) }
    }

    private var stops: [Stop] {
        cuts.flatMap { cut in
            cut.observations.compactMap { observation in
                guard let seal = cut.sealTime, let no = observation.firstNo, let yes = observation.lastYes else {
                    return nil
                }
                let bound = seal.addingTimeInterval(Double(observation.permit.bound.components.seconds))
                return Stop(
                    permit: observation.permit,
                    lastYes: yes.timeIntervalSince(bound),
                    firstNo: no.timeIntervalSince(bound),
                    afterCut: yes.timeIntervalSince(cut.begin)
                )
            }
        }
    }

    /// Seconds from healing until everything is permitted again.
    private func recovery(of cut: CutOff) -> Double {
        let last = cut.ended.compactMap(\.yesAgain).max()
        guard let last, let healed = cut.healed else { return .infinity }
        return last.timeIntervalSince(healed)
    }

    /// A seal that the edge has although it was cut off, or one that is too old for a cluster that seals each second, would be
    /// none to count from.
    private var strangeSeals: Int {
        cuts.count { cut in
            guard let seal = cut.sealTime else { return true }
            let before = cut.begin.timeIntervalSince(seal)
            return !(-0.5...2.5).contains(before)
        }
    }

    var isMet: Bool {
        let stops = stops
        let isSeen = cuts.allSatisfy { cut in cut.ended.allSatisfy { $0.firstNo != nil && $0.lastYes != nil } }
        return isSeen && !cuts.isEmpty && strangeSeals == 0 && !stops.contains { $0.isLate || $0.isEarly }
            && cuts.allSatisfy { recovery(of: $0) <= Self.recoveryLimit }
    }

    var text: String {
        let head = [
            "# Three voters and an edge, each in a network namespace of its own. Packets between the edge and the voters are lost,",
            "# and it is asked every few milliseconds. A bound counts from the time of the newest seal that the edge has.",
            "# Never late; early by no more than the clock error of 500 ms and 100 ms. Again within 2 s of healing.",
            "",
            row("bound", "cuts", "last yes, s", "first no, s", "yes after the cut", ""),
        ]
        let permits = cuts.first?.permits ?? []
        let rows = permits.map { permit in
            let own = stops.filter { $0.permit == permit }
            let isMissed = own.isEmpty || own.contains { $0.isLate || $0.isEarly }
            return row(
                permit.name,
                "\(own.count)",
                range(own.map(\.lastYes)),
                range(own.map(\.firstNo)),
                range(own.map(\.afterCut)),
                isMissed ? "MISSED" : "met"
            )
        }
        let recoveries = permits.indices.map { place in
            let own = cuts.filter { $0.target == place }.map(recovery)
            let isMissed = own.isEmpty || own.contains { $0 > Self.recoveryLimit }
            return row(permits[place].name, "\(own.count)", range(own), "", "", isMissed ? "MISSED" : "met")
        }
        var lines = head + rows + ["", row("cut off for", "cuts", "yes again, s", "", "", "")] + recoveries
        if strangeSeals > 0 {
            lines.append("\(strangeSeals) cuts where the newest seal is not of the moment before: MISSED")
        }
        return lines.joined(separator: "\n")
    }

    private func range(_ values: [Double]) -> String {
        guard let least = values.min(), let most = values.max() else { return "" }
        return String(format: "%.3f to %.3f", least, most)
    }

    private func row(_ cells: String...) -> String {
        zip(cells, [18, 6, 20, 20, 20, 8]).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }
        .joined().trimmingCharacters(in: .whitespaces)
    }
}
