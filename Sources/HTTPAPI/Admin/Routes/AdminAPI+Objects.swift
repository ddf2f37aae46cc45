internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Service

/// What objects of all kinds have in common.
extension AdminAPI {
    func put(_ object: DirectoryObject, _ call: AdminCall) async throws -> AdminResponse {
        .receipt(try await writer.put(object, call.precondition(), write(call)))
    }

    func delete(_ key: ObjectKey, _ call: AdminCall) async throws -> AdminResponse {
        let precondition = try call.precondition()
        let required = precondition == .none ? .mustExist : precondition
        return .receipt(try await writer.delete(key, required, write(call)))
    }

    func find<Found: Sendable>(
        _ name: String,
        _ call: AdminCall,
        _ query: @escaping @Sendable (DirectoryView<ConsistentView>) throws(StateDamage) -> Found?
    ) async throws(ServiceError) -> Found {
        try await reader.find(name, call.consistency(), within: AdminCall.readTimeout, query)
    }

    func read<Found: Sendable>(
        _ call: AdminCall,
        _ query: @escaping @Sendable (DirectoryView<ConsistentView>) throws(StateDamage) -> Found
    ) async throws(ServiceError) -> Found {
        try await reader.read(call.consistency(), within: AdminCall.readTimeout, query)
    }

    static func page<Item>(_ page: Page<Item>, _ json: (Item) -> JSONValue) -> AdminResponse {
        .json(["items": .array(page.items.map(json)), "next": page.next.map { .string($0.bytes.hex) } ?? .null])
    }

    static func all(_ items: [JSONValue]) -> AdminResponse { .json(["items": .array(items), "next": nil]) }
}

extension RecordMetadata {
    var members: [JSONMember] {
        [
            JSONMember(name: "created_at", value: createdAt.json),
            JSONMember(name: "updated_at", value: updatedAt.json),
            JSONMember(name: "revision", value: revision.json),
        ]
    }
}

extension Caller {
    var json: JSONValue { .string(description) }
}

extension JSONMember {
    init(_ name: String, _ value: JSONValue) { self.init(name: name, value: value) }
    init(_ name: String, _ text: String) { self.init(name: name, value: .string(text)) }
}
