package import Directory
package import Identity
package import JSON
package import Kernel
internal import Service

extension ObjectReader {
    package mutating func optionalPrincipal(_ name: String) throws(FieldError) -> PrincipalID? {
        guard let text = try optionalString(name) else { return nil }
        guard let id = PrincipalID(parsing: text) else {
            let kinds = PrincipalKind.allCases.map { "\($0.rawValue)/NAME" }.joined(separator: ", ")
            throw FieldError(path.member(name), "must name a principal: one of \(kinds)")
        }
        return id
    }

    package mutating func principal(_ name: String) throws(FieldError) -> PrincipalID {
        guard let id = try optionalPrincipal(name) else { throw FieldError(path.member(name), "is missing") }
        return id
    }

    package mutating func optionalTime(_ name: String) throws(FieldError) -> WallTime? {
        guard let text = try optionalString(name) else { return nil }
        guard let time = WallTime(rfc3339: text) else {
            throw FieldError(path.member(name), "must be a time in UTC, such as 2026-03-01T09:30:00Z")
        }
        return time
    }

    package mutating func time(_ name: String) throws(FieldError) -> WallTime {
        guard let time = try optionalTime(name) else { throw FieldError(path.member(name), "is missing") }
        return time
    }

    package mutating func optionalAttributes(_ name: String) throws(FieldError) -> Attributes? {
        guard let value = optional(name) else { return nil }
        return try Attributes(value, at: path.member(name))
    }
}

extension PrincipalSpec {
    /// The members of a principal but its kind and name.
    package init(_ id: PrincipalID, reading reader: inout ObjectReader) throws(FieldError) {
        self.init(
            id: id,
            owner: try reader.optionalPrincipal("owner"),
            parent: try reader.optionalPrincipal("parent"),
            description: try reader.optionalString("description") ?? "",
            attributes: try reader.optionalAttributes("attributes") ?? .empty
        )
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "owner", value: owner.json),
            JSONMember(name: "parent", value: parent.json),
            JSONMember(name: "description", value: .string(description)),
            JSONMember(name: "attributes", value: attributes.json),
        ]
    }
}

extension RoleSpec {
    package init(_ name: String, reading reader: inout ObjectReader) throws(FieldError) {
        self.init(
            name: name,
            parents: try reader.strings("parents"),
            description: try reader.optionalString("description") ?? ""
        )
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "parents", value: .array(parents.map { .string($0) })),
            JSONMember(name: "description", value: .string(description)),
        ]
    }
}

extension AssignmentSpec {
    package init(_ id: String, reading reader: inout ObjectReader) throws(FieldError) {
        self.init(
            id: id,
            principal: try reader.principal("principal"),
            role: try reader.string("role"),
            notBefore: try reader.optionalTime("not_before") ?? .distantPast,
            expiresAt: try reader.optionalTime("expires_at"),
            reason: try reader.optionalString("reason") ?? ""
        )
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "principal", value: .string(principal.description)),
            JSONMember(name: "role", value: .string(role)),
            JSONMember(name: "not_before", value: notBefore == .distantPast ? .null : notBefore.json),
            JSONMember(name: "expires_at", value: expiresAt.json),
            JSONMember(name: "reason", value: .string(reason)),
        ]
    }
}

extension ResourceSpec {
    package init(_ id: EntityName, reading reader: inout ObjectReader) throws(FieldError) {
        var parents: [EntityName] = []
        for element in try reader.array("parents") {
            parents.append(try EntityName(element.value, at: element.path))
        }
        self.init(
            id: id,
            parents: parents,
            owner: try reader.optionalPrincipal("owner"),
            attributes: try reader.optionalAttributes("attributes") ?? .empty
        )
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "parents", value: .array(parents.map(\.json))),
            JSONMember(name: "owner", value: owner.json),
            JSONMember(name: "attributes", value: attributes.json),
        ]
    }
}

extension Optional where Wrapped: CustomStringConvertible {
    package var json: JSONValue { map { .string($0.description) } ?? .null }
}

extension WallTime {
    package var json: JSONValue { .string(rfc3339) }
}

extension Optional where Wrapped == WallTime {
    package var json: JSONValue { map(\.json) ?? .null }
}
