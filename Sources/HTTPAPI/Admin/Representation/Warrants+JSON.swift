package import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Keys
internal import Service

extension WarrantSpec {
    package init(reading reader: inout ObjectReader) throws(FieldError) {
        let name = try reader.string("name")
        let key = try reader.bytes("key", count: Limits.publicKeyByteCount)
        guard P256Verifier.isKey(key) else {
            throw FieldError(reader.path.member("key"), "must be a public key on P-256, as a compressed point")
        }
        let scope = try Scope(reader.object("scope"))
        guard let level = try reader.optionalChoice("level", RevocationKind.self) else {
            throw FieldError(reader.path.member("level"), "is missing")
        }
        let cascades = try reader.optionalBool("cascade") ?? false
        guard let expiresAt = try reader.optionalTime("expires_at") else {
            throw FieldError(reader.path.member("expires_at"), "is missing")
        }
        self.init(
            name: name,
            key: key,
            scope: scope,
            level: level,
            cascades: cascades,
            expiresAt: expiresAt,
            budget: try reader.integer("budget", in: 1...Limits.statementsPerWarrant)
        )
    }
}

extension WarrantSpec.Scope {
    /// `{"everybody": true}`, `{"principals": [KIND/NAME, …]}` or `{"owned_by": KIND/NAME}`.
    fileprivate init(_ reader: ObjectReader) throws(FieldError) {
        var reader = reader
        let everybody = try reader.optionalBool("everybody") ?? false
        let principals = try reader.principals("principals")
        let owner = try reader.optionalPrincipal("owned_by")
        try reader.finish()
        switch (everybody, principals.isEmpty, owner) {
        case (true, true, nil): self = .everybody
        case (false, false, nil): self = .principals(principals)
        case (false, true, let owner?): self = .ownedBy(owner)
        default:
            throw FieldError(
                reader.path,
                #"must be one of {"everybody":true}, {"principals":[…]} and {"owned_by":…}"#
            )
        }
    }

    var json: JSONValue {
        switch self {
        case .everybody: ["everybody": true]
        case .principals(let principals): ["principals": .array(principals.map { .string($0.description) })]
        case .ownedBy(let owner): ["owned_by": .string(owner.description)]
        }
    }
}

extension WarrantRecord {
    var json: JSONValue {
        .object(
            [
                JSONMember("name", spec.name), JSONMember("state", state.rawValue),
                JSONMember("scope", spec.scope.json),
                JSONMember("level", spec.level.rawValue), JSONMember("cascade", .bool(spec.cascades)),
                JSONMember("expires_at", spec.expiresAt.json),
                JSONMember("budget", .integer(Int64(spec.budget))), JSONMember("spent", .integer(Int64(spent))),
                JSONMember("issuer", issuer.json), JSONMember("key", spec.key.base64),
            ] + metadata.members
        )
    }
}

extension WarrantTally {
    /// What the node that answers has done, and the log may not know.
    var json: JSONValue {
        [
            "frozen": .bool(isFrozen), "enforced": .integer(Int64(enforcedCount)),
            "refused": .object(
                refused.map { refused in
                    JSONMember(
                        refused.refusal.rawValue,
                        ["count": .integer(Int64(clamping: refused.count)), "last_at": refused.lastAt.json]
                    )
                }
            ),
        ]
    }
}

extension WarrantMark {
    /// Under which warrant something was stated.
    var json: JSONValue {
        ["name": .string(warrant), "sequence": .integer(Int64(sequence)), "issued_at": issuedAt.json]
    }
}

extension ObjectReader {
    /// Bytes of a known count, as base64 (RFC 4648 section 4) or hexadecimal digits.
    package mutating func bytes(_ name: String, count: Int) throws(FieldError) -> [UInt8] {
        let text = try string(name)
        let readings = [[UInt8](base64: text), [UInt8](hex: text)]
        guard let bytes = readings.compactMap({ $0 }).first(where: { $0.count == count }) else {
            throw FieldError(path.member(name), "must be \(count) bytes, as base64 or hexadecimal digits")
        }
        return bytes
    }

    /// Sorted, each once.
    fileprivate mutating func principals(_ name: String) throws(FieldError) -> [PrincipalID] {
        var principals: [PrincipalID] = []
        for element in try array(name) {
            guard let id = element.value.stringValue.flatMap({ PrincipalID(parsing: $0) }) else {
                throw FieldError(element.path, "must name a principal as KIND/NAME")
            }
            principals.append(id)
        }
        return principals.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
