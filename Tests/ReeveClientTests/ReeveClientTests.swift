import Foundation
import NIOCore
import Testing

@testable import ReeveClient

@Suite("A client and nodes that misbehave", .serialized) struct ReeveClientTests {
    private static let question = Question(
        subject: .init("agent", "bot"),
        action: "read",
        resource: .init("database", "ledger")
    )

    private let authority: FakeAuthority

    init() throws { authority = try FakeAuthority() }

    /// A client of these nodes, which is shut down afterwards.
    private func withClient(
        _ nodes: [FakeNode],
        _ change: (inout ReeveClientOptions) -> Void = { _ in },
        seeds: [Seed]? = nil,
        identity: ReeveIdentity? = nil,
        _ body: (ReeveClient) async throws -> Void
    ) async throws {
        var options = ReeveClientOptions()
        change(&options)
        let client = try await ReeveClient(
            seeds: seeds ?? nodes.map(\.seed),
            identity: identity ?? authority.identity,
            trust: authority.trust,
            options: options
        )
        do { try await body(client) } catch {
            await client.shutdown()
            for node in nodes { await node.kill() }
            throw error
        }
        await client.shutdown()
        for node in nodes { await node.kill() }
    }

    private func until(_ what: Comment, _ condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while await !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The code of the error that the question comes to; nil where there is a decision.
    private func code(_ client: ReeveClient, atLeast revision: UInt64? = nil) async -> ReeveClientError.Code? {
        do { _ = try await client.decide(Self.question, atLeast: revision) } catch { return error.code }
        return nil
    }

    @Test("a decision, with the client's certificate shown") func plain() async throws {
        let node = try await FakeNode(authority, .allow(revision: 42))
        try await withClient([node]) { client in
            let decision = try await client.decide(Self.question, requestID: "r-1")
            #expect(decision.isAllowed && decision.revision == 42 && decision.node == node.seed.decisions)
            #expect(await client.permits(Self.question))
            #expect(node.heard.last { $0.path == "/access/v1/evaluation" }?.certificate != nil)
        }
    }

    @Test("a node of another trust domain is not believed") func foreign() async throws {
        let node = try await FakeNode(try FakeAuthority())
        // Without a certificate, which the other domain's node would refuse by itself.
        try "reeve_one\n".write(toFile: authority.path("token"), atomically: true, encoding: .utf8)
        try await withClient([node], identity: .token(file: authority.path("token"))) { client in
            #expect(await code(client) == .unavailable)
            #expect(await !client.permits(Self.question))
            #expect(node.questionCount == 0)
        }
    }

    @Test("the nearest is found by measuring, and keeps being asked") func nearest() async throws {
        let slow = try await FakeNode(authority, .allow(revision: 1, after: .milliseconds(40)))
        let fast = try await FakeNode(authority, .allow(revision: 1))
        try await withClient([slow, fast], { $0.hedgePercent = 0 }) { client in
            await client.start()
            try await until("both are measured") { await client.nodes.allSatisfy { $0.roundTrip != nil } }
            for _ in 0..<20 { #expect(try await client.decide(Self.question).node == fast.seed.decisions) }
            #expect(slow.questionCount == 0)
            let reports = await client.nodes
            #expect(reports.map(\.address) == [fast.seed.decisions, slow.seed.decisions])
            #expect(reports[0].isNearest && (reports[1].roundTrip ?? .zero) >= .milliseconds(40))
        }
    }

    @Test("a node that is slow all at once is hedged, long before its time is over") func hedge() async throws {
        let (first, second) = (try await FakeNode(authority), try await FakeNode(authority))
        // Whoever waits for the node that hangs gets no answer at all.
        let patience = { (options: inout ReeveClientOptions) in
            (options.attemptTimeout, options.callTimeout) = (.seconds(30), .seconds(30))
        }
        try await withClient([first, second], patience) { client in
            await client.start()
            try await until("both are measured") { await client.nodes.allSatisfy { $0.roundTrip != nil } }
            for _ in 0..<20 { _ = try await client.decide(Self.question) }
            let nearest = try #require(await client.nodes.first?.address)
            let (slow, other) = nearest == first.seed.decisions ? (first, second) : (second, first)
            slow.behave(.hang)
            let start = ContinuousClock.now
            #expect(try await client.decide(Self.question).node == other.seed.decisions)
            print("hedged after \(ContinuousClock.now - start)")
        }
    }

    @Test("a node that goes away is followed by another within the call", arguments: [0, 1]) func failover(
        kind: Int
    ) async throws {
        let (first, second) = (try await FakeNode(authority), try await FakeNode(authority))
        try await withClient([first, second]) { client in
            await client.start()
            try await until("both are measured") { await client.nodes.allSatisfy { $0.roundTrip != nil } }
            _ = try await client.decide(Self.question)
            let nearest = try #require(await client.nodes.first?.address)
            let (gone, other) = nearest == first.seed.decisions ? (first, second) : (second, first)
            if kind == 0 { gone.behave(.close) } else { await gone.kill() }
            for _ in 0..<50 { #expect(try await client.decide(Self.question).node == other.seed.decisions) }
            let report = try #require(await client.nodes.first { $0.address == nearest })
            #expect(report.failureCount >= 1)
            // One that answers probes and fails calls costs a call now and then, not each.
            if kind == 0 { #expect(gone.questionCount < 10) }
        }
    }

    @Test(
        "statuses: 5xx and nonsense go on to the next, 4xx do not",
        arguments: [(503, true), (500, true), (429, true), (200, true), (400, false), (401, false)]
    )
    func statuses(status: Int, goesOn: Bool) async throws {
        let bad = try await FakeNode(authority, .answer(status: status, #"{"code":"x","detail":"y"}"#))
        let good = try await FakeNode(authority)
        try await withClient([bad, good], { $0.probeInterval = .seconds(3600) }) { client in
            let found = await code(client)
            #expect((found == nil) == goesOn)
            if status == 401 { #expect(found == .unauthenticated) }
            if status == 400 { #expect(found == .invalidQuestion) }
            #expect((good.questionCount == 1) == goesOn)
        }
    }

    @Test("when all fail there is no permission: an error, and false") func allFail() async throws {
        let nodes = [try await FakeNode(authority, .close), try await FakeNode(authority, .answer(status: 503, ""))]
        try await withClient(nodes) { client in
            #expect(await code(client) == .unavailable)
            #expect(await !client.permits(Self.question))
        }
    }

    @Test("a node that cannot decide denies only if nobody does better") func stale() async throws {
        let text = #"{"decision":false,"context":{"reason":"stale","revision":1,"epoch":0}}"#
        let stale = try await FakeNode(authority, .answer(status: 200, text))
        let other = try await FakeNode(authority)
        try await withClient([stale, other]) { client in
            #expect(await client.permits(Self.question))
            other.behave(.close)
            let decision = try await client.decide(Self.question)
            #expect(decision.reason == "stale")
        }
    }

    @Test("own writes are read: who is behind is passed over, and waited for") func readsOwnWrites()
        async throws
    {
        let lagging = try await FakeNode(authority, .allow(revision: 9))
        let current = try await FakeNode(authority, .allow(revision: 10))
        try await withClient([lagging, current], { $0.probeInterval = .seconds(3600) }) { client in
            _ = try await client.decide(Self.question)
            await client.noteWrite(revision: 10)
            for _ in 0..<5 { #expect(try await client.decide(Self.question).revision == 10) }
            current.behave(.allow(revision: 9))
            async let waiting = client.decide(Self.question)
            let earlier = lagging.questionCount
            try await until("all were behind, and are asked again") { lagging.questionCount > earlier + 1 }
            lagging.behave(.allow(revision: 11))
            #expect(try await waiting.revision == 11)
            #expect(await client.status.floor == 10)
        }
        try await withClient([try await FakeNode(authority)], { $0.callTimeout = .milliseconds(100) }) { client in
            #expect(await code(client, atLeast: 2) == .behind)
            let decision = try await client.decide(Self.question)
            #expect(decision.revision == 1)
        }
    }

    @Test("deadline, cancellation, bound and end each have their error") func ends() async throws {
        let node = try await FakeNode(authority, .hang)
        try await withClient([node], { ($0.callTimeout, $0.maximumCallCount) = (.milliseconds(300), 2) }) { client in
            #expect(await code(client) == .timedOut)
            let asked = node.questionCount
            let cancelled = Task { await code(client) }
            try await until("the node is asked") { node.questionCount > asked }
            cancelled.cancel()
            #expect(await cancelled.value == .cancelled)
            let codes = await withTaskGroup(of: ReeveClientError.Code?.self) { group in
                for _ in 0..<5 { group.addTask { await code(client) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == .tooManyCalls } == 3 && codes.count { $0 == .timedOut } == 2, "\(codes)")
            let before = node.questionCount
            let last = Task { await code(client) }
            try await until("the node is asked again") { node.questionCount > before }
            await client.shutdown()
            #expect(await last.value == .shutDown)
            #expect(await code(client) == .shutDown)
        }
    }

    @Test("members are learned from a seed's admin port, and asked") func discovery() async throws {
        let (seed, other) = (try await FakeNode(authority), try await FakeNode(authority))
        // The fake has one port for both.
        seed.list(#"[{"name":"n2","api_addresses":["127.0.0.1:9","127.0.0.1:\#(other.port)"]},{"name":"odd"}]"#)
        let seeds = [Seed(decisions: seed.seed.decisions, admin: seed.seed.decisions)]
        try await withClient([seed, other], seeds: seeds) { client in
            await client.start()
            try await until("the other is known") { await client.nodes.count == 2 }
            await seed.kill()
            #expect(try await client.decide(Self.question).node == other.seed.decisions)
            #expect(await client.status.discoveryProblem == nil)
        }
    }

    @Test("a renewed certificate is shown, half a renewal is waited out") func renewal() async throws {
        let node = try await FakeNode(authority)
        try await withClient([node], { $0.identityInterval = .milliseconds(20) }) { client in
            _ = try await client.decide(Self.question)
            let first = node.heard.last { $0.path.hasPrefix("/access") }?.certificate
            try authority.renew(keyToo: false)
            try await until("the files do not fit together") { await client.status.identityProblem != nil }
            _ = try await client.decide(Self.question)
            #expect(node.heard.last { $0.path.hasPrefix("/access") }?.certificate == first)
            let second = try authority.renew()
            #expect(second != first)
            try await until("the new one is shown") {
                _ = try? await client.decide(Self.question)
                return node.heard.last { $0.path.hasPrefix("/access") }?.certificate == second
            }
            #expect(await client.status.identityProblem == nil)
        }
    }

    @Test("a refused token is read again from its file, at once") func token() async throws {
        let node = try await FakeNode(authority, .answer(status: 401, #"{"code":"token_expired","detail":"x"}"#))
        try "reeve_one\n".write(toFile: authority.path("token"), atomically: true, encoding: .utf8)
        let identity = ReeveIdentity.token(file: authority.path("token"))
        try await withClient([node], identity: identity) { client in
            try "reeve_two\n".write(toFile: authority.path("token"), atomically: true, encoding: .utf8)
            #expect(await code(client) == .unauthenticated)
            let shown = node.heard.filter { $0.path.hasPrefix("/access") }.map(\.authorization)
            #expect(shown == ["Bearer reeve_one", "Bearer reeve_two"])
            #expect(await code(client) == .unauthenticated)
            #expect(node.questionCount == 3, "what has not changed is not tried again")
        }
    }

    @Test("files that cannot be used are told by name") func files() async throws {
        let identity = ReeveIdentity.certificate(chainFile: authority.path("none.crt"), keyFile: "none.key")
        do {
            let seeds = [Seed(decisions: "https://127.0.0.1:1")]
            _ = try await ReeveClient(seeds: seeds, identity: identity, trust: authority.trust)
            Issue.record("it was made")
        } catch {
            #expect(error.code == .configuration && error.message.contains("none.crt"), "\(error)")
        }
    }
}
