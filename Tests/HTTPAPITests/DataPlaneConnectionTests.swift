import HTTPAPI
import Kernel
import NIOCore
import NIOHTTP1
import Service
import TestSupport
import Testing

@Suite("Data plane connection") struct DataPlaneConnectionTests {
    let sample = MemoryNode.sample()
    let log = MemoryLog()

    func client(_ limits: DataPlaneLimits = DataPlaneLimits()) throws -> Client {
        try Client(AuthZENResponder(client: sample.node, log: log, baseURL: "https://n.test"), limits: limits)
    }

    var question: String { AuthZENResponderTests.question() }
    var request: String { Client.request(question, token: sample.botToken) }

    @Test("a request may come byte by byte") func bytes() throws {
        let client = try client()
        for byte in request.utf8 { client.send([byte]) }
        #expect(try client.answer().decision == true)
    }

    @Test("pipelined requests are answered in order") func pipelining() throws {
        let client = try client()
        let requests = (0..<20).map { number in
            Client.request(
                number.isMultiple(of: 3) ? "{}" : question,
                token: sample.botToken,
                headers: ["content-type: application/json", "x-request-id: r\(number)"]
            )
        }
        client.send(requests.joined())
        let answers = try client.answers()
        #expect(answers.map { $0["x-request-id"] ?? "" } == (0..<20).map { "r\($0)" })
        #expect(answers.map(\.status) == (0..<20).map { $0.isMultiple(of: 3) ? 400 : 200 })
    }

    @Test("more requests at once than a batch holds are all answered") func manyAtOnce() throws {
        let client = try client()
        client.send(String(repeating: request, count: 300))
        #expect(try client.answers().count == 300)
        #expect(log.entries.count == 300)
        #expect(log.batches > 1)
    }

    @Test("a connection is kept, unless the client wants otherwise") func keepAlive() throws {
        let kept = try client()
        kept.send(request)
        #expect(try kept.answer()["connection"] == nil)
        #expect(kept.isOpen)
        let closing = try client()
        closing.send(
            Client.request(
                question,
                token: sample.botToken,
                headers: ["content-type: application/json", "connection: close"]
            ) + request
        )
        let answers = try closing.answers()
        #expect(answers.count == 1 && answers[0]["connection"] == "close" && answers[0].decision == true)
        #expect(!closing.isOpen)
        let old = try client()
        old.send(request.replacing("HTTP/1.1", with: "HTTP/1.0"))
        #expect(try old.answer()["connection"] == "close")
        #expect(!old.isOpen)
    }

    @Test("the request's id comes back, made safe") func requestID() throws {
        let client = try client()
        func echoed(_ id: String) throws -> String? {
            client.send(
                Client.request(
                    question,
                    token: sample.botToken,
                    headers: ["content-type: application/json", "x-request-id: \(id)"]
                )
            )
            return try client.answer()["x-request-id"]
        }
        #expect(try echoed("bfe9eb29-ab87-4ca3-be83-a1d5d8305716") == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716")
        #expect(try echoed("a b/c\"d") == "a b/c\"d")
        #expect(try echoed("é🦊x") == "x")
        #expect(try echoed(String(repeating: "y", count: 1000)) == String(repeating: "y", count: 256))
        let made = try (0..<3).map { _ in
            client.send(request)
            return try client.answer()["x-request-id"] ?? ""
        }
        #expect(Set(made).count == 3 && !made.contains(""))
    }

    @Test("bytes outside of ASCII in a header do no harm") func latin1() throws {
        let client = try client()
        let raw =
            Array("POST /access/v1/evaluation HTTP/1.1\r\nx-note: caf".utf8) + [0xe9, 0xff]
            + Array("\r\nx-request-id: ".utf8) + [0xe9, UInt8(ascii: "z")]
            + Array("\r\n\(request.split(separator: "\r\n", maxSplits: 1)[1])".utf8)
        client.send(raw)
        let answer = try client.answer()
        #expect(answer.decision == true && answer["x-request-id"] == "z")
    }

    @Test("a body past the limit gets 413, and nothing after it is read", arguments: [true, false])
    func bodyLimit(isDeclared: Bool) throws {
        var limits = DataPlaneLimits()
        limits.bodyByteCount = 1000
        let client = try client(limits)
        let body = String(repeating: " ", count: 1001)
        if isDeclared {
            client.send(Client.request(body, token: sample.botToken) + request)
        } else {
            client.send(
                Client.request(
                    "",
                    token: sample.botToken,
                    headers: ["content-type: application/json", "transfer-encoding: chunked"]
                ) + "3e9\r\n\(body)\r\n0\r\n\r\n" + request
            )
        }
        let answers = try client.answers()
        #expect(answers.count == 1)
        #expect(answers.first?.status == 413 && answers.first?.code == "body_too_large")
        #expect(answers.first?["connection"] == "close")
        #expect(!client.isOpen)
    }

    @Test("a body up to the limit is read, in chunks too") func chunked() throws {
        let client = try client()
        let middle = question.utf8.count / 2
        let parts = [question.prefix(middle), question.dropFirst(middle)]
        let chunks = parts.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
        client.send(
            Client.request(
                "",
                token: sample.botToken,
                headers: ["content-type: application/json", "transfer-encoding: chunked"]
            ) + chunks
        )
        #expect(try client.answer().decision == true)
    }

    @Test(
        "a header past the limits gets 431",
        arguments: [
            ["x: \(String(repeating: "y", count: 20_000))"], (0..<100).map { "x-\($0): y" },
            (0..<10).map { "x-\($0): \(String(repeating: "y", count: 2000))" },
        ]
    )
    func headerLimit(headers: [String]) throws {
        let client = try client()
        client.send(Client.request(question, token: sample.botToken, headers: headers))
        let answer = try client.answer()
        #expect(answer.status == 431 && answer.code == "header_too_large")
        #expect(!client.isOpen)
    }

    @Test("other paths are 404, other methods 405") func routes() throws {
        let client = try client()
        for path in ["/", "/access/v1/evaluation/", "/access/v1/search/agents", "/admin", "*"] {
            client.send(Client.request(question, path: path, token: sample.botToken))
            #expect(try client.answer().status == 404)
        }
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
            client.send(Client.request("", method: method, token: sample.botToken))
            let answer = try client.answer()
            #expect(answer.status == 405 && answer["allow"] == "POST")
        }
        client.send(Client.request("{}", path: "/.well-known/authzen-configuration"))
        #expect(try client.answer()["allow"] == "GET, HEAD")
        client.send(Client.request("", method: "HEAD"))
        let answers = try client.answers(toHEAD: true)
        #expect(answers.count == 1 && answers[0].status == 405)
    }

    @Test(
        "another content type is 400, as AuthZEN's certification asks",
        arguments: ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", ""]
    )
    func contentType(type: String) throws {
        let client = try client()
        let headers = type.isEmpty ? [] : ["content-type: \(type)"]
        client.send(Client.request(question, token: sample.botToken, headers: headers))
        let answer = try client.answer()
        #expect(answer.status == 400 && answer.code == "unsupported_media_type")
    }

    @Test("parameters and capitals of the content type do not matter")
    func contentTypeForms() throws {
        let client = try client()
        for type in ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"] {
            client.send(Client.request(question, token: sample.botToken, headers: ["content-type: \(type)"]))
            #expect(try client.answer().decision == true)
        }
    }

    @Test("a field that decides must not come twice") func ambiguous() throws {
        let client = try client()
        client.send(
            Client.request(
                question,
                token: sample.botToken,
                headers: ["content-type: application/json", "authorization: Bearer x"]
            )
        )
        #expect(try client.answer().code == "ambiguous_header")
    }

    @Test(
        "bytes that are no HTTP get 400 and the end",
        arguments: [
            "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}",
            "POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]
    )
    func noHTTP(text: String) throws {
        let client = try client()
        client.send(text)
        let answers = try client.answers()
        #expect(answers.last?.status == 400)
        #expect(answers.last?["connection"] == "close")
        #expect(!client.isOpen)
    }

    @Test("a client that waits to be told to continue is told") func expectContinue() throws {
        let client = try client()
        let request = Client.request(
            question,
            token: sample.botToken,
            headers: ["content-type: application/json", "expect: 100-continue"]
        )
        client.send(String(request.dropLast(question.count)))
        #expect(try client.answers().map(\.status) == [100])
        client.send(question)
        #expect(try client.answer().decision == true)
    }

    @Test("after a request for another protocol the connection ends") func upgrade() throws {
        let client = try client()
        client.send(
            Client.request(
                "",
                path: "/.well-known/authzen-configuration",
                method: "GET",
                headers: ["connection: upgrade", "upgrade: websocket"]
            )
        )
        #expect(try client.answer().status == 200)
        #expect(!client.isOpen)
    }

    @Test("connections that keep the server waiting are ended") func timeouts() throws {
        let silent = try client()
        silent.advance(.seconds(8))
        #expect(silent.isOpen)
        silent.advance(.seconds(4))
        #expect(!silent.isOpen)

        let slow = try client()
        slow.send(request.prefix(100).description)
        slow.send("x-a: b\r\n")
        for byte in "\r\n123".utf8 {
            slow.advance(.seconds(3))
            slow.send([byte])
        }
        #expect(!slow.isOpen)

        let idle = try client()
        idle.send(request)
        idle.advance(.seconds(60))
        #expect(idle.isOpen)
        idle.advance(.seconds(20))
        #expect(!idle.isOpen)
    }

    @Test("no bytes end the process or take an answer out of the log's sight", arguments: [1, 2, 3] as [UInt64])
    func fuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var answered = 0
        for _ in 0..<400 {
            let client = try client()
            for _ in 0..<(1 + random.next() % 3) {
                var bytes = Array(request.utf8)
                for _ in 0..<(random.next() % 4) { EvaluationDecoderTests.mutate(&bytes, &random) }
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = rest.prefix(1 + Int(random.next() % 200))
                    client.send(part)
                    rest = rest.dropFirst(part.count)
                }
            }
            let answers = try client.answers()
            answered += answers.filter { $0.decision == true }.count
            for answer in answers { #expect((100...599).contains(answer.status)) }
        }
        #expect(answered > 100, "seed \(seed) got only \(answered) decisions")
        #expect(log.entries.filter(\.isAllowed).count == answered)
    }
}
