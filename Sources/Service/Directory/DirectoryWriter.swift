package import Directory
package import Identity
package import Kernel

/// Administrative writes, each a command in the log.
///
/// Whether the caller may is decided where the command is applied, by the policies of `reeve.admin`.
package struct DirectoryWriter: Sendable {
    private let client: any ReplicaClient

    package init(client: any ReplicaClient) { self.client = client }

    /// Sends a command and waits until this node's state reflects it.
    package func submit(_ body: CommandBody, _ call: WriteCall) async throws(ServiceError) -> WriteReceipt {
        let key = call.idempotencyKey ?? Self.randomKey()
        guard Grammar.isIdempotencyKey(key) else {
            throw ServiceError(
                .invalid,
                code: "invalid_idempotency_key",
                message: "an idempotency key is 1 to 128 printable ASCII characters without spaces"
            )
        }
        let command = Command(
            caller: call.caller,
            authenticatedBy: client.member,
            idempotencyKey: key,
            notAfter: call.notAfter ?? client.now().wall.advanced(by: lifetime(of: call)),
            body: body
        )
        switch try await client.submit(command, within: call.timeout) {
        case .done(let done): return WriteReceipt(done, idempotencyKey: key)
        case .refused(let refusal): throw ServiceError(refusal)
        }
    }

    /// Issues a token, whose secret this alone ever holds.
    ///
    /// A retry under the same idempotency key cannot give the secret of the first attempt, which nobody has; it says so.
    package func issueToken(
        id: String,
        for principal: PrincipalID,
        expiresAt: WallTime,
        description: String = "",
        reader: DirectoryReader,
        _ call: WriteCall
    ) async throws(ServiceError) -> IssuedToken {
        let secret = TokenSecret.random()
        let digest = secret.digest
        let grant = TokenGrant(
            id: id,
            principal: principal,
            secretDigest: digest,
            expiresAt: expiresAt,
            description: description
        )
        let receipt = try await submit(.issueToken(grant), call)
        let record = try await reader.read(.atLeast(receipt.revision)) { view throws(StateDamage) in
            try view.token(id)
        }
        guard record?.grant.secretDigest == digest else {
            throw ServiceError(
                .conflict,
                code: "token_already_issued",
                message:
                    "token \(id) was issued by an earlier attempt, whose secret was shown then and cannot be shown "
                    + "again; revoke it and issue one with another id"
            )
        }
        return IssuedToken(id: id, secret: secret, receipt: receipt)
    }

    /// Brings a statement that was made outside the log. No caller is asked for: its signature says whose word it is.
    ///
    /// - Throws: Also where it does not count; the code then is the refusal's.
    package func make(
        _ signed: SignedStatement,
        within timeout: Kernel.Span = .seconds(10)
    ) async throws(ServiceError) -> StatementReceipt {
        switch try await client.make(signed, within: timeout) {
        case .enforced: return .enforced
        case .recorded(let index): return .recorded(index)
        case .refused(let refusal): throw ServiceError(refusal)
        }
    }

    /// A key that was drawn here is known to nobody who could retry once the call is over, and a caller has only so many
    /// that count.
    private func lifetime(of call: WriteCall) -> Kernel.Span {
        call.idempotencyKey == nil
            ? min(call.lifetime, Kernel.Span(microseconds: 3 * call.timeout.microseconds)) : call.lifetime
    }

    private static func randomKey() -> String {
        var source = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.append(bigEndian: source.next())
        bytes.append(bigEndian: source.next())
        return bytes.hex
    }
}

/// What a write needs besides what it is to do.
package struct WriteCall: Sendable {
    /// As authenticated, never as claimed.
    package let caller: Caller
    /// Nil draws a random one; a retry must give the one of the first attempt.
    package var idempotencyKey: String?
    /// Until when the command may take effect; nil is `lifetime` from now.
    package var notAfter: WallTime?
    package var lifetime: Kernel.Span
    /// How long to wait for the outcome.
    package var timeout: Kernel.Span

    package init(
        caller: Caller,
        idempotencyKey: String? = nil,
        notAfter: WallTime? = nil,
        lifetime: Kernel.Span = .seconds(300),
        timeout: Kernel.Span = .seconds(10)
    ) {
        self.caller = caller
        self.idempotencyKey = idempotencyKey
        self.notAfter = notAfter
        self.lifetime = lifetime
        self.timeout = timeout
    }
}

/// That a write has taken effect, and at which revision it can be read.
package struct WriteReceipt: Hashable, Sendable {
    package let revision: LogIndex
    /// Last change of the object: equal to `revision` unless the object was already as wished.
    package let objectRevision: LogIndex
    /// Ids that the command made.
    package let created: [String]
    package let idempotencyKey: String

    package var isChange: Bool { revision == objectRevision }

    init(_ done: CommandResult.Done, idempotencyKey: String) {
        self.revision = done.revision
        self.objectRevision = done.objectRevision
        self.created = done.created
        self.idempotencyKey = idempotencyKey
    }
}

/// That a statement counts.
package enum StatementReceipt: Hashable, Sendable {
    /// At the node that was asked, which tells the others and the log.
    case enforced
    /// Everywhere, by the log.
    case recorded(LogIndex)
}

package struct IssuedToken: Sendable {
    package let id: String
    package let secret: TokenSecret
    package let receipt: WriteReceipt
}
