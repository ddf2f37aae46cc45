import Directory
import Identity
import Kernel
import Service
import TestSupport
import Testing

@Suite("Directory reads and writes") struct DirectoryServiceTests {
    let node = MemoryNode()
    var writer: DirectoryWriter { DirectoryWriter(client: node) }
    var reader: DirectoryReader { DirectoryReader(client: node, codec: node.codec) }
    var root: WriteCall { WriteCall(caller: .administrator(fingerprint: MemoryNode.administrator)) }
    let bot = MemoryNode.id("agent/bot")

    @Test("a write is read at its revision") func writeAndRead() async throws {
        let receipt = try await writer.put(.principal(PrincipalSpec(id: bot)), .mustNotExist, root)
        #expect(receipt.isChange)
        let bot = bot
        let record = try await reader.find("agent", .atLeast(receipt.revision)) { view throws(StateDamage) in
            try view.principal(bot)
        }
        #expect(record.spec.id == bot)
        let again = try await writer.put(.principal(PrincipalSpec(id: bot)), .none, root)
        #expect(!again.isChange)
        #expect(again.objectRevision == receipt.revision)
    }

    @Test("a write carries caller, node, key and a bounded time") func command() async throws {
        _ = try await writer.put(.role(RoleSpec(name: "r")), .none, root)
        let first = try #require(node.lastCommand)
        _ = try await writer.put(.role(RoleSpec(name: "s")), .none, root)
        let second = try #require(node.lastCommand)
        #expect(first.caller == root.caller)
        #expect(first.authenticatedBy == node.member)
        // Three times as long as the caller waits: nobody else knows the key.
        #expect(first.notAfter == node.now().wall.advanced(by: .seconds(30)))
        #expect(first.idempotencyKey != second.idempotencyKey)
        #expect(first.idempotencyKey.utf8.count == 32)
    }

    @Test("a given key is kept, and a malformed one refused before anything is sent") func keys() async throws {
        var call = root
        call.idempotencyKey = "mine"
        let receipt = try await writer.put(.role(RoleSpec(name: "r")), .none, call)
        #expect(receipt.idempotencyKey == "mine")
        #expect(node.lastCommand?.notAfter == node.now().wall.advanced(by: .seconds(300)))
        let sent = node.lastCommand
        call.idempotencyKey = "two words"
        let error = await #expect(throws: ServiceError.self) {
            _ = try await writer.put(.role(RoleSpec(name: "s")), .none, call)
        }
        #expect(error?.code == "invalid_idempotency_key")
        #expect(node.lastCommand == sent)
    }

    @Test("refusals keep their code and get the kind that protocols map") func refusals() async throws {
        func error(_ body: CommandBody, _ call: WriteCall) async -> ServiceError? {
            await #expect(throws: ServiceError.self) { _ = try await writer.submit(body, call) }
        }
        var call = root
        call.idempotencyKey = "k"
        _ = try await writer.put(.role(RoleSpec(name: "r")), .none, call)
        let conflict = await error(.put(.role(RoleSpec(name: "other")), .none), call)
        #expect(conflict?.kind == .conflict && conflict?.code == "idempotency_conflict")
        let missing = await error(.delete(.role("x"), .none), root)
        #expect(missing?.kind == .notFound)
        let stranger = await error(
            .put(.role(RoleSpec(name: "s")), .none),
            WriteCall(caller: .principal(bot, token: nil))
        )
        #expect(stranger?.kind == .forbidden)
        let stale = await error(.put(.role(RoleSpec(name: "r", description: "new")), .revision(LogIndex(99))), root)
        #expect(stale?.kind == .preconditionFailed)
    }

    @Test("every refusal has a kind and a text", arguments: RefusalCode.allCases)
    func refusalTexts(code: RefusalCode) {
        let error = ServiceError(CommandResult.Refusal(code, ["name"]))
        #expect(error.code == code.rawValue)
        #expect(error.message.hasSuffix(": name") || error.message == "there is no name")
        #expect(ServiceError(CommandResult.Refusal(code)).message.count > 5)
    }

    @Test("an unknown outcome is passed on as such") func outcomeUnknown() async {
        node.failSubmits(with: ServiceError(.outcomeUnknown, code: "outcome_unknown", message: "?"))
        let error = await #expect(throws: ServiceError.self) {
            _ = try await writer.put(.role(RoleSpec(name: "r")), .none, root)
        }
        #expect(error?.kind == .outcomeUnknown)
    }

    @Test("a token's secret is given once and its digest alone is sent") func tokens() async throws {
        _ = try await writer.put(.principal(PrincipalSpec(id: bot)), .none, root)
        var call = root
        call.idempotencyKey = "issue-1"
        let expiry = node.now().wall.advanced(by: .seconds(60))
        let issued = try await writer.issueToken(id: "t", for: bot, expiresAt: expiry, reader: reader, call)
        let sent = try #require(node.lastCommand)
        #expect(!"\(sent)".contains(issued.secret.text))
        guard case .issueToken(let grant) = sent.body else { return #expect(Bool(false), "\(sent.body)") }
        #expect(grant.secretDigest == issued.secret.digest)

        let retry = await #expect(throws: ServiceError.self) {
            _ = try await writer.issueToken(id: "t", for: bot, expiresAt: expiry, reader: reader, call)
        }
        #expect(retry?.code == "token_already_issued")
    }

    @Test("what is not there is named") func notFound() async {
        let error = await #expect(throws: ServiceError.self) {
            _ = try await reader.find("role x") { view throws(StateDamage) in try view.role("x") }
        }
        #expect(error?.kind == .notFound && error?.message == "there is no role x")
    }

    @Test("a linearizable read is answered only once the node is current, a local one at once")
    func linearizable() async throws {
        node.failSubmits(with: ServiceError(.unavailable, code: "no_leader", message: "nobody leads"))
        let local = try await reader.read { view throws(StateDamage) in try view.role("x") }
        #expect(local == nil)
        await #expect(throws: ServiceError.self) {
            _ = try await reader.read(.linearizable) { view throws(StateDamage) in try view.role("x") }
        }
        node.failSubmits(with: nil)
        let current = try await reader.read(.linearizable) { view throws(StateDamage) in try view.role("x") }
        #expect(current == nil)
    }

    @Test("a read waits for its revision, in vain where there is none") func atLeast() async {
        let error = await #expect(throws: ServiceError.self) {
            _ = try await reader.read(.atLeast(LogIndex(1000))) { view throws(StateDamage) in try view.role("x") }
        }
        #expect(error?.code == "behind")
    }
}
