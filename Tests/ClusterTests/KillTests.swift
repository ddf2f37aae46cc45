import AsyncHTTPClient
import ClusterSupport
import Foundation
import Testing

@Suite("A cluster of real processes", .serialized) struct KillTests {
    @Test("loses no acknowledged write to 20 kills, and its states stay equal") func kills() async throws {
        try await withCluster { cluster in
            let ledger = Ledger()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<8 { group.addTask { await Self.write(writer, to: cluster, ledger) } }
                group.addTask {
                    var random = SystemRandomNumberGenerator()
                    for _ in 0..<20 {
                        let name = cluster.names[Int.random(in: 0..<3, using: &random)]
                        cluster.kill(name)
                        try await Task.sleep(for: .milliseconds(Int.random(in: 50..<600, using: &random)))
                        try cluster.start(name)
                        try await Task.sleep(for: .milliseconds(Int.random(in: 300..<1200, using: &random)))
                    }
                    ledger.stop()
                }
                try await group.waitForAll()
            }
            try await cluster.ready()
            let acknowledged = ledger.acknowledged
            print("\(acknowledged.count) resources, \(ledger.count) acknowledged writes, 20 kills")
            #expect(ledger.count > 200, "too few writes to mean anything")
            try await Self.checkWrites(acknowledged, in: cluster)
            try await Self.checkRoots(of: cluster)
        }
    }

    /// Sends a write until its fate is known: a retry carries the same key, so it is applied once.
    private static func write(_ writer: Int, to cluster: TestCluster, _ ledger: Ledger) async {
        var number = 0
        while !ledger.isStopped {
            number += 1
            let name = "w\(writer)-\(number % 10)"
            let body = #"{"attributes": {"value": \#(number)}}"#
            let key = "w\(writer)-\(number)"
            var isKnown = false
            while !isKnown {
                let node = cluster.names.randomElement() ?? "n1"
                let answer = try? await cluster.admin(
                    "PUT",
                    "/v1/resources/Record/\(name)",
                    body: body,
                    headers: [("Idempotency-Key", key)],
                    at: node
                )
                guard let answer, (200..<300).contains(answer.status) else {
                    // What stays in doubt at the end may be there or not.
                    if ledger.isStopped { return ledger.doubt(name) }
                    try? await Task.sleep(for: .milliseconds(30))
                    continue
                }
                ledger.acknowledge(name, number, revision: answer.value("revision").flatMap { Int($0) } ?? 0)
                isKnown = true
            }
        }
    }

    private static func checkWrites(_ acknowledged: [String: (value: Int, revision: Int)], in cluster: TestCluster)
        async throws
    {
        for node in cluster.names {
            for (name, write) in acknowledged.sorted(by: { $0.key < $1.key }) {
                let answer = try await cluster.admin(
                    "GET",
                    "/v1/resources/Record/\(name)?at_least=\(write.revision)",
                    at: node
                )
                #expect(answer.status == 200, "\(node) misses \(name): \(answer.body)")
                let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
                let value = (object?["attributes"] as? [String: Any])?["value"] as? Int
                #expect(value == write.value, "\(node) has \(value ?? -1) for \(name), acknowledged was \(write.value)")
            }
        }
    }

    static func checkRoots(of cluster: TestCluster, _ others: [String] = []) async throws {
        try await cluster.until("equal states", within: 20) {
            var seen: Set<String> = []
            for node in cluster.names + others {
                let status = try await cluster.status(of: node)
                seen.insert("\(status.value("revision") ?? "?") \(status.value("state_root") ?? "?")")
            }
            return seen.count == 1 && !seen.contains { $0.contains("?") }
        }
    }

    @Test("a leader that is told to stop hands over, and writes go on") func shutDown() async throws {
        try await withCluster { cluster in
            let leader = try await Self.leader(of: cluster)
            let process = try #require(cluster.process(leader))
            process.terminate()
            try await cluster.until("\(leader) stops", within: 10) { !process.isRunning }
            #expect(process.terminationStatus == 0)
            let other = try #require(cluster.names.first { $0 != leader })
            let answer = try await cluster.admin("PUT", "/v1/roles/after", body: "{}", at: other)
            #expect((200..<300).contains(answer.status), "\(answer.body)")
        }
    }

    static func leader(of cluster: TestCluster) async throws -> String {
        var found: String?
        try await cluster.until("a leader", within: 10) {
            for name in cluster.names where try await cluster.status(of: name).value("role") == "leader" {
                found = name
            }
            return found != nil
        }
        return try #require(found)
    }

    @Test("a node that missed more than the log still has catches up by a snapshot") func snapshot() async throws {
        let settings = "limits:\n  kept_entries: 20\n  compaction_step: 20\n"
        try await withCluster(settings: settings) { cluster in
            let leader = try await Self.leader(of: cluster)
            let lagging = try #require(cluster.names.first { $0 != leader })
            cluster.kill(lagging)
            for number in 0..<120 {
                let answer = try await cluster.admin("PUT", "/v1/roles/r\(number)", body: "{}", at: leader)
                #expect((200..<300).contains(answer.status), "\(answer.body)")
            }
            let first = try await cluster.status(of: leader).value("first_index").flatMap { Int($0) }
            #expect((first ?? 0) > 20, "the log was not compacted, so this shows nothing")
            try cluster.start(lagging)
            try await cluster.ready()
            try await Self.checkRoots(of: cluster)
            let role = try await cluster.admin("GET", "/v1/roles/r119", at: lagging)
            #expect(role.status == 200)
        }
    }

    @Test("every node denies a revoked agent, and its token no longer counts") func revocation() async throws {
        try await withCluster { cluster in
            func write(_ method: String, _ path: String, _ body: String) async throws -> TestCluster.Answer {
                let answer = try await cluster.admin(method, path, body: body, at: "n1")
                #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.status) \(answer.body)")
                return answer
            }
            _ = try await write("PUT", "/v1/principals/agent/bot", "{}")
            let text = "permit(principal, action == Action::\\\"read\\\", resource);"
            _ = try await write("POST", "/v1/policy-sets/main/versions", #"{"text": "\#(text)"}"#)
            _ = try await write("POST", "/v1/policy-sets/main/activate", #"{"version": 1}"#)
            let end = Date(timeIntervalSinceNow: 600).formatted(.iso8601)
            let token = try await write("POST", "/v1/tokens", #"{"principal": "agent/bot", "expires_at": "\#(end)"}"#)
            let secret = try #require(token.value("token"))
            let plain = try TestCluster.client(
                roots: cluster.folder.appending(path: "roots.crt"),
                certificate: nil,
                key: nil
            )
            let question =
                #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}}"#
            func ask(_ name: String) async throws -> TestCluster.Answer {
                try await cluster.decisions(
                    "POST",
                    "/access/v1/evaluation",
                    body: question,
                    headers: [("Authorization", "Bearer \(secret)")],
                    at: name,
                    with: plain
                )
            }
            do {
                for name in cluster.names {
                    try await cluster.until("\(name) allows", within: 5) {
                        try await ask(name).value("decision").map { $0 == "1" || $0 == "true" } == true
                    }
                }
                _ = try await write("POST", "/v1/revocations", #"{"subject": "agent/bot", "reason": "test"}"#)
                for name in cluster.names {
                    try await cluster.until("\(name) refuses", within: 2) {
                        let answer = try await ask(name)
                        return answer.status == 401
                            || answer.value("decision").map { $0 == "0" || $0 == "false" } == true
                    }
                }
            } catch {
                try? await plain.shutdown()
                throw error
            }
            try await plain.shutdown()
        }
    }
}

/// What the writers were told.
final class Ledger: @unchecked Sendable {
    // Safe: everything is guarded by `lock`.
    private let lock = NSLock()
    private var latest: [String: (value: Int, revision: Int)] = [:]
    private var doubtful: Set<String> = []
    private var writes = 0
    private var stopped = false

    func acknowledge(_ name: String, _ value: Int, revision: Int) {
        lock.withLock {
            latest[name] = (value, revision)
            writes += 1
        }
    }

    func doubt(_ name: String) { _ = lock.withLock { doubtful.insert(name) } }
    func stop() { lock.withLock { stopped = true } }
    var isStopped: Bool { lock.withLock { stopped } }
    var count: Int { lock.withLock { writes } }
    /// Without those whose last write is in doubt.
    var acknowledged: [String: (value: Int, revision: Int)] {
        lock.withLock { latest.filter { !doubtful.contains($0.key) } }
    }
}
