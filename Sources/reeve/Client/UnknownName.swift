import Cedar
import Directory
import HTTPAPI
import Identity
import JSON

/// A name on the command line that the directory does not have, which is often a slip.
struct UnknownName: Hashable, Sendable {
    let name: String
    /// One that it has, and that is written almost alike.
    let suggestion: String?

    /// Of each kind or type so many are looked at for one that may have been meant.
    private static let candidateLimit = 1000

    /// Nil where the directory has it, and where the caller is not told.
    static func find(_ id: PrincipalID, _ client: ClusterClient) async -> UnknownName? {
        guard await isMissing("/v1/principals/\(id)", client) else { return nil }
        let others = await items("/v1/principals", [("kind", id.kind.rawValue)], client)
        let suggestion = Suggestion.closest(to: id.name, among: others.compactMap { $0["name"]?.stringValue })
        return UnknownName(name: id.description, suggestion: suggestion.map { "\(id.kind.rawValue)/\($0)" })
    }

    /// Likewise. A type that Reeve keeps for itself is not looked for.
    static func find(_ resource: EntityName, _ client: ClusterClient) async -> UnknownName? {
        guard Grammar.isResourceType(resource.type) else { return nil }
        let (type, id) = (ClusterClient.segment(resource.type), ClusterClient.segment(resource.id))
        guard await isMissing("/v1/resources/\(type)/\(id)", client) else { return nil }
        let known = await items("/v1/resources", [], client).compactMap { item -> EntityName? in
            guard let type = item["type"]?.stringValue, let id = item["id"]?.stringValue else { return nil }
            return EntityName(type: type, id: id)
        }
        let ids = known.filter { $0.type == resource.type }.map(\.id)
        let types = known.filter { $0.id == resource.id }.map(\.type)
        let meant =
            Suggestion.closest(to: resource.id, among: ids).map { EntityName(type: resource.type, id: $0) }
            ?? Suggestion.closest(to: resource.type, among: types).map { EntityName(type: $0, id: resource.id) }
        return UnknownName(name: resource.text, suggestion: meant?.text)
    }

    private static func isMissing(_ path: String, _ client: ClusterClient) async -> Bool {
        do {
            _ = try await client.send(.init(path: path), timeout: .seconds(5))
            return false
        } catch let error as APIError { return error.code == "not_found" } catch { return false }
    }

    /// None where they are not told: then there is nothing to suggest.
    private static func items(
        _ path: String,
        _ query: [(String, String)],
        _ client: ClusterClient
    ) async -> [JSONValue] {
        (try? await client.list(path, query: query, limit: candidateLimit)) ?? []
    }

    var text: String {
        "the directory has no \(name)" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    }

    var json: JSONValue { ["name": .string(name), "did_you_mean": suggestion.json] }
}
