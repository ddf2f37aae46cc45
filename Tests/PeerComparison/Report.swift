import Foundation

/// Figures of both systems for one thing measured, and how they compare.
struct Line {
    let name: String
    let unit: String
    /// Of the system that Reeve is compared with; nil where it has no such thing.
    let other: Double?
    let reeve: Double
    /// Where less is better the ratio is the other's to Reeve's, so that more than 1 is always in Reeve's favour.
    let lessIsBetter: Bool
    /// What issue and documents promise: a ratio, or for the second kind an absolute figure of Reeve's.
    var target: Target?

    enum Target {
        case ratio(Double)
        case atMost(Double)
    }

    /// Of Reeve alone.
    static func own(_ name: String, _ unit: String, _ value: Double) -> Line {
        Line(name: name, unit: unit, other: nil, reeve: value, lessIsBetter: false)
    }

    var ratio: Double? { other.map { lessIsBetter ? $0 / max(reeve, 1e-9) : reeve / max($0, 1e-9) } }

    var isMet: Bool? {
        switch target {
        case .ratio(let wanted): ratio.map { $0 >= wanted } ?? false
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
            Self.left(name, 44), Self.right(other.map(Self.number) ?? "", 10), Self.right(Self.number(reeve), 10),
            " ", Self.left(unit, 9), Self.right(ratio.map { String(format: "%.2f", $0) } ?? "", 6), "  ",
            Self.left(targetText, 10),
            verdict,
        ].joined()
    }

    static func head(beside other: String) -> String {
        [
            left("", 44), right(other, 10), right("Reeve", 10), " ", left("", 9), right("ratio", 6), "  ",
            left("target", 10),
        ]
        .joined()
    }

    func json(beside other: String) -> [String: Any] {
        var object: [String: Any] = ["name": name, "unit": unit, "reeve": reeve]
        if let value = self.other { object[other] = value }
        if let ratio { object["ratio"] = ratio }
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

/// A comparison with one other system, as a table or as one JSON object.
struct Report {
    let other: String
    let method: [String]
    let lines: [Line]

    func print(asJSON: Bool) {
        if asJSON {
            let object: [String: Any] = ["method": method, "lines": lines.map { $0.json(beside: other) }]
            let data = try? JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
            Swift.print(String(decoding: data ?? Data(), as: UTF8.self))
        } else {
            Swift.print(method.map { "# " + $0 }.joined(separator: "\n"))
            Swift.print(Line.head(beside: other))
            for line in lines { Swift.print(line.row) }
        }
    }
}

/// The smallest value that so many percent are not above.
func percentile(_ percent: Double, _ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[max(0, Int((percent / 100 * Double(sorted.count)).rounded(.up)) - 1)]
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
