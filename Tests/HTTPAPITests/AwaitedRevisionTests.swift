import Decision
import Directory
import Foundation
import HTTPAPI
import Kernel
import NIOCore
import NIOEmbedded
import Service
import TestSupport
import Testing

/// In the time of the event loop, which passes as the tests say.
@Suite("Decisions that reflect a revision") struct AwaitedRevisionTests {
    let sample = MemoryNode.sample()
    let log = MemoryLog()
    private let question = AuthZENResponderTests.question()

    private var responder: AuthZENResponder {
        AuthZENResponder(client: sample.node, log: log, baseURL: "https://node-1.test:8443")
    }

    private func client() throws -> Client { try Client(responder) }

    private var revision: UInt64 { sample.node.decisionState.snapshot.revision.number }

    private func request(_ query: String, _ path: String = "/access/v1/evaluation", body: String? = nil) -> String {
        Client.request(body ?? question, path: path + query, token: sample.botToken)
    }

    /// Whether the connection reads what its client sends.
    private func isReading(_ client: Client) -> Bool {
        let value = client.channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value
        return value as? Bool ?? true
    }

    @Test("one that is there is not waited for") func there() throws {
        let client = try client()
        for query in ["?at_least=0", "?at_least=1", "?at_least=\(revision)", "?at_least=\(revision)&trace=1"] {
            client.send(request(query))
            #expect(try client.answer().decision == true, "\(query)")
        }
    }

    @Test("one that is not is waited for, and the decision is made from it") func awaited() throws {
        let client = try client()
        client.send(request("?at_least=\(revision + 2)"))
        client.advance(.milliseconds(100))
        sample.node.succeed(.put(.role(RoleSpec(name: "x")), .none))
        client.advance(.milliseconds(100))
        #expect(try client.answers().isEmpty)
        sample.node.succeed(.revoke(.principal(MemoryNode.id("agent/bot")), reason: "test"))
        client.advance(.milliseconds(1))
        let answer = try client.answer()
        #expect(answer.decision == false && answer.reason == "principal_revoked")
        #expect(answer.context["revision"] as? UInt64 == revision)
        #expect(log.entries.map(\.code) == ["principal_revoked"], "it is decided once")
    }

    @Test("one that does not come is an error and no decision, after a quarter of a second") func never() throws {
        let client = try client()
        client.send(request("?at_least=\(revision + 1)"))
        client.advance(.milliseconds(249))
        #expect(try client.answers().isEmpty)
        client.advance(.milliseconds(1))
        let answer = try client.answer()
        #expect(answer.status == 503 && answer.code == "behind" && answer.decision == nil)
        #expect(answer.detail.contains("has reached revision \(revision) only"))
        #expect(log.entries.isEmpty)
        #expect(try client.post(question, token: sample.botToken).decision == true, "the connection goes on")
    }

    @Test("batches and searches wait as well", arguments: ["evaluations", "search/resource"]) func others(
        path: String
    ) throws {
        let client = try client()
        let body =
            path == "evaluations"
            ? #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"#
                + #""evaluations":[{"resource":{"type":"doc","id":"d1"}}]}"#
            : #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"resource":{"type":"doc"}}"#
        client.send(request("?at_least=\(revision + 1)", "/access/v1/\(path)", body: body))
        #expect(try client.answers().isEmpty)
        sample.node.succeed(.put(.role(RoleSpec(name: "x")), .none))
        client.advance(.milliseconds(1))
        #expect(try client.answer().status == 200)
    }

    @Test("who stands behind one that waits is answered after it, and nothing more is read meanwhile")
    func order() throws {
        let client = try client()
        let wanted = revision + 1
        let late = request("?at_least=\(wanted + 1)")
        client.send(request("") + request("?at_least=\(wanted)") + request("") + late + request("").dropLast(10))
        #expect(try client.answers().map(\.decision) == [true], "who stands before it does not wait")
        #expect(!isReading(client))
        sample.node.succeed(.put(.role(RoleSpec(name: "x")), .none))
        client.advance(.milliseconds(1))
        #expect(try client.answers().map { $0.context["revision"] as? UInt64 } == [wanted, wanted])
        #expect(!isReading(client), "the fourth waits")
        client.advance(.milliseconds(250))
        #expect(try client.answers().map(\.code) == ["behind"])
        #expect(isReading(client))
        client.send(String(request("").suffix(10)))
        #expect(try client.answer().decision == true)
    }

    @Test("connections of one loop wait each for its own, and by its own time") func several() throws {
        let clients = try Client.several(4, responder)
        let start = revision
        func answered() throws -> [Int] { try clients.map { try $0.answers().count } }
        // The last is asked for later, and wants what does not come.
        for (client, ahead) in zip(clients, [2, 1, 9] as [UInt64]) {
            client.send(request("?at_least=\(start + ahead)"))
        }
        clients[3].advance(.milliseconds(100))
        clients[3].send(request("?at_least=\(start + 9)"))
        #expect(try answered() == [0, 0, 0, 0])
        for expected in [[0, 1, 0, 0], [1, 0, 0, 0]] {
            sample.node.succeed(.put(.role(RoleSpec(name: "x\(expected[0])")), .none))
            clients[0].advance(.milliseconds(1))
            #expect(try answered() == expected)
        }
        clients[0].advance(.milliseconds(148))
        #expect(try answered() == [0, 0, 1, 0])
        clients[0].advance(.milliseconds(99))
        #expect(try answered() == [0, 0, 0, 0])
        clients[0].advance(.milliseconds(1))
        #expect(try answered() == [0, 0, 0, 1])
    }

    @Test(
        "what is no revision is refused at once",
        arguments: [
            "at_least=x", "at_least=", "at_least=-1", "at_least=1&at_least=2", "at_least=%3",
            "at_least=99999999999999999999",
        ]
    )
    func malformed(query: String) throws {
        let client = try client()
        client.send(request("?" + query))
        let answer = try client.answer()
        #expect(answer.status == 400 && answer.code == "invalid_request", "\(answer.body)")
    }

    @Test("who shows no credential, or asks in another form, hears that at once") func refused() throws {
        let client = try client()
        let path = "/access/v1/evaluation?at_least=\(revision + 1)"
        client.send(Client.request(question, path: path))
        #expect(try client.answer().status == 401)
        client.send(Client.request(question, path: path, token: sample.botToken, headers: ["content-type: text/plain"]))
        #expect(try client.answer().code == "unsupported_media_type")
        client.send(Client.request("", path: path, method: "GET", token: sample.botToken))
        #expect(try client.answer().status == 405)
    }

    @Test("a credential that is new is waited for too") func newToken() throws {
        let client = try client()
        let secret = TokenSecret.random()
        #expect(try client.post(question, token: secret.text).code == "token_unknown")
        let path = "/access/v1/evaluation?at_least=\(revision + 1)"
        client.send(Client.request(question, path: path, token: secret.text))
        #expect(try client.answers().isEmpty)
        let grant = TokenGrant(
            id: "t3",
            principal: MemoryNode.id("agent/bot"),
            secretDigest: secret.digest,
            expiresAt: MemoryNode.start.advanced(by: .seconds(60))
        )
        sample.node.succeed(.issueToken(grant))
        client.advance(.milliseconds(1))
        #expect(try client.answer().decision == true)
    }

    @Test("whoever hangs up, or sends no HTTP behind it, is forgotten") func gone() throws {
        let hungUp = try client()
        hungUp.send(request("?at_least=\(revision + 1)"))
        hungUp.channel.close(promise: nil)
        let noHTTP = try client()
        noHTTP.send(request("?at_least=\(revision + 1)") + "hello\r\n\r\n")
        #expect(!noHTTP.isOpen)
        for client in [hungUp, noHTTP] {
            client.advance(.milliseconds(250))
            #expect(try client.answers().isEmpty)
        }
        #expect(log.entries.isEmpty)
    }
}
