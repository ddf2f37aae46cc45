package import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let revocationRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/revocations", .reader, query: AdminCall.listQuery + ["subject"]) { api, call in
            let request = try call.list()
            if let text = call.query("subject") {
                guard let subject = RevocationSubject(parsing: text) else {
                    throw AdminCall.invalid(RevocationSubject.grammar)
                }
                let items = try await api.read(call) { view throws(StateDamage) in try view.revocations(of: subject) }
                return Self.all(items.map(\.json))
            }
            let page = try await api.read(call) { view throws(StateDamage) in try view.revocations(request) }
            return Self.page(page, \.json)
        },
        AdminRoute("GET", "/v1/revocations/{id}", .reader, query: AdminCall.readQuery) { api, call in
            guard let id = Digest(hex: call.parameter("id")) else {
                throw AdminCall.invalid("the id of a statement is 64 hexadecimal digits")
            }
            let record = try await api.find("statement \(id.hex)", call) { view throws(StateDamage) in
                try view.revocation(id)
            }
            return .json(record.json, tag: record.index)
        },
        AdminRoute("POST", "/v1/revocations", .caller) { api, call in
            var body = try call.body()
            guard let subject = RevocationSubject(parsing: try body.string("subject")) else {
                throw FieldError(FieldPath.root.member("subject"), RevocationSubject.grammar)
            }
            let reason = try body.string("reason")
            let cascades = try body.optionalBool("cascade") ?? false
            if case .token = subject, cascades {
                throw FieldError(FieldPath.root.member("cascade"), "must be false for a token: nobody is below one")
            }
            try body.finish()
            let receipt = try await api.writer.revoke(subject, reason: reason, cascades: cascades, api.write(call))
            return statement(receipt)
        },
        AdminRoute("POST", "/v1/quarantines", .caller) { api, call in
            var body = try call.body()
            let principal = try body.principal("principal")
            let level = try body.optionalChoice("level", QuarantineLevel.self) ?? .quarantine
            let reason = try body.string("reason")
            let cascades = try body.optionalBool("cascade") ?? false
            try body.finish()
            return statement(
                try await api.writer.quarantine(
                    principal,
                    level,
                    reason: reason,
                    cascades: cascades,
                    api.write(call)
                )
            )
        },
        AdminRoute("POST", "/v1/quarantines/lift", .caller) { api, call in
            var body = try call.body()
            var statements: [Digest] = []
            for (index, text) in try body.strings("statements").enumerated() {
                guard let digest = Digest(hex: text) else {
                    throw FieldError(
                        FieldPath.root.member("statements").element(index),
                        "must be 64 hexadecimal digits"
                    )
                }
                statements.append(digest)
            }
            let reason = try body.string("reason")
            try body.finish()
            return .receipt(
                try await api.writer.liftQuarantine(statements: statements, reason: reason, api.write(call))
            )
        },
    ]

    private static func statement(_ receipt: WriteReceipt) -> AdminResponse {
        .receipt(receipt, status: 201, adding: [JSONMember("id", receipt.created.first.map { .string($0) } ?? .null)])
    }
}

extension RevocationSubject {
    package static let grammar = "must be a principal as KIND/NAME, or token/ID"

    package init?(parsing text: String) {
        if text.hasPrefix("token/") {
            let id = String(text.dropFirst("token/".count))
            guard Grammar.isName(id) else { return nil }
            self = .token(id)
        } else if let principal = PrincipalID(parsing: text) {
            self = .principal(principal)
        } else {
            return nil
        }
    }
}

extension RevocationRecord {
    var json: JSONValue {
        .object([
            JSONMember("id", id.hex), JSONMember("kind", kind.rawValue), JSONMember("subject", subject.description),
            JSONMember("cascade", .bool(cascades)), JSONMember("reason", reason), JSONMember("revoker", revoker.json),
            JSONMember("revision", index.json),
            JSONMember("time", time.json), JSONMember("warrant", warrant?.json ?? .null),
            JSONMember("lift", lift?.json ?? .null),
        ])
    }
}

extension RevocationRecord.Lift {
    var json: JSONValue {
        ["by": by.json, "reason": .string(reason), "revision": index.json, "time": time.json]
    }
}
