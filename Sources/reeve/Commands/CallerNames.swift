import JSON

/// Administrators and nodes by their names: the log has their keys and ids, which nobody knows by heart.
struct CallerNames {
    /// Such as `administrator/62b6…` and `node/35776145-…`, each with its name.
    private let known: [(caller: String, name: String)]

    init(administrators: [JSONValue], nodes: [JSONValue]) {
        func pairs(_ items: [JSONValue], _ kind: String, _ member: String) -> [(String, String)] {
            items.compactMap { item in
                guard let id = item[member]?.stringValue, let name = item["name"]?.stringValue else { return nil }
                return ("\(kind)/\(id)", name)
            }
        }
        known = pairs(administrators, "administrator", "fingerprint") + pairs(nodes, "node", "id")
    }

    /// What a caller may not know of stays without a name.
    static func ask(_ client: ClusterClient) async -> CallerNames {
        CallerNames(
            administrators: (try? await client.list("/v1/administrators")) ?? [],
            nodes: (try? await client.send(.init(path: "/v1/members")))?.body["items"]?.arrayValue ?? []
        )
    }

    /// The caller that is meant by a name, or by the beginning of what stands in the log; a principal, and whoever is not known
    /// any more, as given.
    ///
    /// - Throws: Where several are meant.
    func whole(_ text: String) throws -> String {
        let named = known.filter { $0.name == text || $0.caller == text }
        let found = named.isEmpty ? known.filter { !text.isEmpty && $0.caller.hasPrefix(text) } : named
        guard found.count < 2 else {
            let list = found.map { "\n  \($0.caller)  \($0.name)" }.joined()
            throw CommandError("several callers are meant by '\(text)':\(list)", advice: "give one of these")
        }
        if let only = found.first { return only.caller }
        guard text.contains("/") || text == "bootstrap" else {
            throw CommandError(
                "no administrator or node is named '\(text)'",
                advice:
                    "give a principal as KIND/NAME; `reeve administrator list` and `reeve cluster status` have the names"
            )
        }
        return text
    }

    /// A member that names a caller: shortened, with the name where it is known.
    func column(_ title: String, _ member: String) -> Column {
        let names = Dictionary(known.map { ($0.caller, $0.name) }) { first, _ in first }
        let short = Column.caller(title, member)
        return Column(title) { item in
            let name = names[item[member]?.cell ?? ""].map { " (\($0))" } ?? ""
            return short.cell(item) + name
        }
    }
}
