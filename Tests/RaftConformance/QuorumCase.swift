import Kernel

@testable import Consensus

/// `committed` and `vote` on majority and joint configurations, with etcd's chart of the indexes.
struct QuorumCase {
    let file: String

    func run(_ directive: Directive) -> Outcome {
        let incoming = Self.members(directive.list("cfg"))
        // "zero": joint with nobody.
        let outgoing = Self.members(directive.list("cfgj").map { $0 == ["zero"] ? [] : $0 })
        let configuration = Configuration(voters: incoming, votersOutgoing: outgoing)
        let given = directive.list("idx") ?? directive.list("votes") ?? []
        // Values are given to members in the order in which they are named first.
        var known: [MemberID: String] = [:]
        var rest = given[...]
        for member in Self.members(directive.list("cfg")) + outgoing where known[member] == nil {
            known[member] = rest.popFirst() ?? "_"
        }
        guard rest.isEmpty else { return .output(["more values than voters"]) }
        switch directive.verb {
        case "vote":
            let outcome = Quorum.outcome(in: configuration) { known[$0] == "y" ? true : known[$0] == "n" ? false : nil }
            return .output([outcome == .won ? "VoteWon" : outcome == .lost ? "VoteLost" : "VotePending"])
        case "committed":
            let indexes = known.mapValues { Int($0) }
            let reached = Quorum.reached(in: configuration) { member in indexes[member].flatMap(\.self) ?? 0 }
            // Nobody has nothing against any index.
            let result = reached.map { "\($0)" } ?? "∞"
            let chart = Self.chart(Set(incoming).union(outgoing).sorted(), indexes.compactMapValues(\.self))
            return .output(chart.isEmpty ? ["<empty majority quorum>" + result] : chart + [result])
        default:
            return .output(["unknown command"])
        }
    }

    static func members(_ names: [String]?) -> [MemberID] {
        (names ?? []).compactMap { UInt64($0) }.map { MemberID(high: $0, low: 0) }
    }

    /// A bar for each voter, as long as it has voters with lower indexes below it. etcd, `MajorityConfig.Describe`.
    private static func chart(_ members: [MemberID], _ indexes: [MemberID: Int]) -> [String] {
        guard !members.isEmpty else { return [] }
        func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
        let header = blanks(members.count) + "    idx"
        return [header]
            + members.map { member in
                let index = indexes[member] ?? 0
                let lower = members.count { (indexes[$0] ?? 0) < index }
                let bar =
                    indexes[member] == nil
                    ? "?" + blanks(members.count)
                    : String(repeating: "x", count: lower) + ">" + blanks(members.count - lower)
                let digits = "\(index)"
                return bar + " " + blanks(max(0, 5 - digits.count)) + digits + "    (id=\(member.high))"
            }
    }
}
