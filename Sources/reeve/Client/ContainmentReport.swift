import HTTPAPI
import JSON

/// What the nodes that were asked say of a statement, put together: each knows what it has heard.
struct ContainmentReport: Equatable {
    /// What one node says.
    struct Answer: Equatable {
        let node: String
        let body: JSONValue
    }

    struct Row: Equatable {
        let node: String
        /// By that node's own clock, where it has said so; nil for one that nobody has heard from.
        var since: String?
        /// It has said so to a node that was asked, or was asked itself. Otherwise others say so of it.
        var isFirstHand: Bool
    }

    /// Those that know the statement, in the order of asking.
    let answers: [Answer]
    let rows: [Row]

    /// - Parameter earlier: What was put together before, so that a node that says of itself that it goes by it does so since the
    ///   first time that it was asked.
    init(_ answers: [Answer], askedAt now: String, after earlier: ContainmentReport? = nil) {
        self.answers = answers
        rows = Self.rows(answers) { node in earlier?.rows.first { $0.node == node && $0.isFirstHand }?.since ?? now }
    }

    private var verdict: JSONValue? {
        ["recorded", "refused", "enforced"].lazy.compactMap { state in
            answers.first { $0.body["state"]?.stringValue == state }?.body
        }.first
    }

    var isRefused: Bool { verdict?["state"]?.stringValue == "refused" }
    /// It began as a command of the log, and never counted anywhere before it was there.
    var isFromTheLog: Bool { isRecorded && verdict?["warrant"]?.objectValue == nil }
    private var isRecorded: Bool { verdict?["state"]?.stringValue == "recorded" }
    /// Whether any node that was asked says which nodes there are, and how far it has come.
    var hasReport: Bool { answers.contains { $0.body["containment"]?.objectValue != nil } }
    var isComplete: Bool { hasReport && !isRefused && rows.allSatisfy { $0.since != nil } }

    /// The moment holds whoever says it, so the earliest does.
    private var othersStopBy: String? {
        answers.compactMap { $0.body["containment"]?["others_stop_by"]?.stringValue }.min()
    }

    private static func rows(_ answers: [Answer], askedAt moment: (_ node: String) -> String) -> [Row] {
        var rows: [Row] = []
        for answer in answers where answer.body["state"]?.stringValue != "refused" {
            for node in answer.body["containment"]?["nodes"]?.arrayValue ?? [] {
                let name = node["name"]?.stringValue ?? ""
                let isFirstHand = node["first_hand"]?.boolValue ?? true
                merge(Row(node: name, since: node["since"]?.stringValue, isFirstHand: isFirstHand), into: &rows)
            }
        }
        // A node that has it, or whose state does, goes by it: it said so just now, though it may not know any more since when.
        for answer in answers where answer.body["state"]?.stringValue != "refused" {
            if rows.contains(where: { $0.node == answer.node && $0.since != nil && $0.isFirstHand }) { continue }
            merge(Row(node: answer.node, since: moment(answer.node), isFirstHand: true), into: &rows)
        }
        return rows.sorted { $0.node < $1.node }
    }

    /// What a node has said itself goes before what others say of it; else the earlier moment.
    private static func merge(_ row: Row, into rows: inout [Row]) {
        guard let place = rows.firstIndex(where: { $0.node == row.node }) else { return rows.append(row) }
        guard let since = row.since else { return }
        let known = rows[place]
        let isBetter = known.since.map { known.isFirstHand == row.isFirstHand ? since < $0 : row.isFirstHand } ?? true
        if isBetter { rows[place] = row }
    }

    var text: String {
        guard let verdict else { return "" }
        let below = verdict["cascade"]?.boolValue == true ? " and everybody below" : ""
        var head = "\(verdict["kind"]?.cell ?? "") \(verdict["subject"]?.cell ?? "")\(below): \(Self.state(verdict))\n"
        if isFromTheLog {
            return head
                + "It was made through the log: a node applies it once its state has that revision: "
                + "see `reeve cluster status`.\n"
        }
        if let issued = verdict["warrant"]?["issued_at"]?.stringValue {
            head += "issued \(issued), by its revoker's clock\n"
        }
        if isRefused { return head + "No node that knows the log's word goes by it any more.\n" }
        var table = Table("node", "in force since")
        for row in rows { table.add(row.node, Self.cell(row)) }
        return head + table.text + (hasReport ? isComplete ? "" : rest : Self.unknown)
    }

    private static func cell(_ row: Row) -> String {
        guard let since = row.since else { return "not heard from" }
        return row.isFirstHand ? since : "\(since) (as others say)"
    }

    private static func state(_ body: JSONValue) -> String {
        let state = body["state"]?.cell ?? ""
        if let revision = body["revision"]?.integerValue { return "\(state) (revision \(revision))" }
        return body["refusal"]?.stringValue.map { "\(state): \($0)" } ?? state
    }

    private static let unknown =
        "No node that was asked knows any more of the others: each keeps that in memory, of its newest 256 statements.\n"

    private var rest: String {
        guard let moment = othersStopBy else {
            return "Nodes not heard from may still say yes. How long cannot be told until the log has the statement.\n"
        }
        return "Nodes not heard from can say yes until \(moment) at the latest.\n"
    }

    var json: JSONValue {
        guard let verdict else { return .null }
        let members = (verdict.objectValue ?? []).filter { $0.name != "containment" }
        let nodes = rows.map { row -> JSONValue in
            ["name": .string(row.node), "since": row.since.json, "first_hand": .bool(row.isFirstHand)]
        }
        let containment: JSONValue = [
            "complete": .bool(isComplete), "nodes": .array(nodes), "others_stop_by": othersStopBy.json,
            "asked": .array(answers.map { .string($0.node) }),
        ]
        return .object(
            members + [JSONMember(name: "containment", value: isFromTheLog || isRefused ? .null : containment)]
        )
    }
}
