package import Directory
package import JSON
internal import Kernel
internal import Service

extension SignedStatement {
    package init(reading reader: inout ObjectReader) throws(FieldError) {
        let lineage = try reader.uuid("lineage")
        let warrant = try reader.string("warrant")
        let sequence = try reader.integer("sequence", in: 0...UInt32.max)
        guard let kind = try reader.optionalChoice("kind", RevocationKind.self) else {
            throw FieldError(reader.path.member("kind"), "is missing")
        }
        guard let subject = RevocationSubject(parsing: try reader.string("subject")) else {
            throw FieldError(reader.path.member("subject"), RevocationSubject.grammar)
        }
        let cascades = try reader.optionalBool("cascade") ?? false
        let reason = try reader.string("reason")
        guard let issuedAt = try reader.optionalTime("issued_at") else {
            throw FieldError(reader.path.member("issued_at"), "is missing")
        }
        self.init(
            Statement(
                lineage: Lineage(high: lineage.high, low: lineage.low),
                warrant: warrant,
                sequence: sequence,
                kind: kind,
                subject: subject,
                cascades: cascades,
                reason: reason,
                issuedAt: issuedAt
            ),
            signature: try reader.bytes("signature", count: Self.signatureByteCount)
        )
    }

    /// What `init(reading:)` takes back.
    package var json: JSONValue {
        let members: JSONValue = [
            "lineage": .string(statement.lineage.description), "warrant": .string(statement.warrant),
            "sequence": .integer(Int64(statement.sequence)), "kind": .string(statement.kind.rawValue),
            "subject": .string(statement.subject.description), "reason": .string(statement.reason),
            "issued_at": statement.issuedAt.json, "signature": .string(signature.base64),
        ]
        // Nodes of before do not know the member, and take no statement that has it.
        return statement.cascades ? .object((members.objectValue ?? []) + [JSONMember("cascade", true)]) : members
    }

    /// What it says, and under which warrant, for those who read of it.
    var members: [JSONMember] {
        let mark = WarrantMark(
            warrant: statement.warrant,
            sequence: statement.sequence,
            issuedAt: statement.issuedAt,
            signature: signature
        )
        return [
            JSONMember("id", id.hex), JSONMember("kind", statement.kind.rawValue),
            JSONMember("subject", statement.subject.description), JSONMember("cascade", .bool(statement.cascades)),
            JSONMember("reason", statement.reason),
            JSONMember("warrant", mark.json),
        ]
    }
}

extension RefusedStatementRecord {
    var json: JSONValue {
        .object(
            [JSONMember("state", "refused")] + statement.members + [
                JSONMember("refusal", refusal.rawValue), JSONMember("detail", ServiceError(refusal).message),
                JSONMember("revision", index.json), JSONMember("time", time.json),
            ]
        )
    }
}
