import Foundation

/// Figures of both systems for one thing measured, and how they compare.
struct Line {
    let name: String
    let unit: String
    let etcd: Double
    let reeve: Double
    /// Where less is better the ratio is etcd's to Reeve's, so that more than 1 is always in Reeve's favour.
    let lessIsBetter: Bool
    /// What issue and documents promise: a ratio, or for the second kind an absolute figure of Reeve's.
    var target: Target?

    enum Target {
        case ratio(Double)
        case atMost(Double)
    }

    var ratio: Double { lessIsBetter ? etcd / max(reeve, 1e-9) : reeve / max(etcd, 1e-9) }

    var isMet: Bool? {
        switch target {
        case .ratio(let wanted): ratio >= wanted
        case .atMost(let limit): reeve <= limit
        case nil: nil
        }
    }

    private var targetText: String {
        switch target {
        case .ratio(let wanted): String(format: "%.1f", wanted)
        case .atMost(let limit): String(format: "<= %.0f %@", limit, unit)
        case nil: ""
        }
    }

    var row: String {
        let verdict = isMet.map { $0 ? "met" : "MISSED" } ?? ""
        return [
            Self.left(name, 44), Self.right(Self.number(etcd), 10), Self.right(Self.number(reeve), 10),
            " ", Self.left(unit, 9), Self.right(String(format: "%.2f", ratio), 6), "  ", Self.left(targetText, 10),
            verdict,
        ].joined()
    }

    static var head: String {
        [
            left("", 44), right("etcd", 10), right("Reeve", 10), " ", left("", 9), right("ratio", 6), "  ",
            left("target", 10),
        ]
        .joined()
    }

    var json: [String: Any] {
        var object: [String: Any] = ["name": name, "unit": unit, "etcd": etcd, "reeve": reeve, "ratio": ratio]
        if let isMet { object["met"] = isMet }
        switch target {
        case .ratio(let wanted): object["target_ratio"] = wanted
        case .atMost(let limit): object["target_at_most"] = limit
        case nil: break
        }
        return object
    }

    private static func number(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }
    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
