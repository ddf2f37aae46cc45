import AsyncHTTPClient
import ClusterSupport
import Foundation
import NIOCore
import Testing

@Suite("A rolling restart") struct RollingRestartTests {
    /// What a busy machine may add to either: a node is being started as well.
    private static let allowance = Duration.milliseconds(500)

    @Test("no write waits for longer than an election while each node is restarted") func restart() async throws {
        try await withCluster { cluster in
            let ledger = Ledger()
            // A node that is away is not waited for: another is asked.
            let client = try cluster.makeClient(retriesConnecting: false)
            let election = try await Self.election(in: cluster, with: client)
            async let longest = Self.write("restart", to: cluster, at: cluster.names, with: client, until: ledger)
            for name in cluster.names {
                let process = try #require(cluster.process(name))
                process.terminate()
                try await cluster.until("\(name) stops", within: 10) { !process.isRunning }
                #expect(process.terminationStatus == 0)
                try cluster.start(name)
                try await cluster.ready()
            }
            ledger.stop()
            let (wait, count) = await (longest, ledger.count)
            try await client.shutdown()
            print("rolling restart: \(count) writes, the longest took \(wait); an election here takes \(election)")
            #expect(count > 50, "too few writes to mean anything")
            #expect(wait < election + Self.allowance)
            try await KillTests.checkRoots(of: cluster)
        }
    }

    /// How long a write waits that a leader's falling silent holds up, on this machine, as busy as it is: the longest of three.
    private static func election(in cluster: TestCluster, with client: HTTPClient) async throws -> Duration {
        var longest = Duration.zero
        for round in 1...3 {
            let leader = try await KillTests.leader(of: cluster)
            let others = cluster.names.filter { $0 != leader }
            let ledger = Ledger()
            async let wait = write("election-\(round)", to: cluster, at: others, with: client, until: ledger)
            try await cluster.until("writes before the election", within: 30) { ledger.count > 5 }
            cluster.pause(leader)
            // One may have been acknowledged already.
            let before = ledger.count + 1
            defer { cluster.resume(leader) }
            try await cluster.until("a write without \(leader)", within: 30) { ledger.count > before }
            ledger.stop()
            longest = max(longest, await wait)
        }
        return longest
    }

    /// One write after the other, each with the same key at whichever of the nodes answers, until it is acknowledged.
    ///
    /// - Returns: How long the one took that took longest.
    private static func write(
        _ what: String,
        to cluster: TestCluster,
        at names: [String],
        with client: HTTPClient,
        until ledger: Ledger
    ) async -> Duration {
        var longest = Duration.zero
        var number = 0
        while !ledger.isStopped, !Task.isCancelled {
            number += 1
            let start = ContinuousClock.now
            while !Task.isCancelled, !(await put("\(what)-\(number)", number, to: cluster, at: names, with: client)) {
                try? await Task.sleep(for: .milliseconds(5))
            }
            longest = max(longest, ContinuousClock.now - start)
            ledger.acknowledge(what, number, revision: 0)
        }
        return longest
    }

    private static func put(
        _ key: String,
        _ number: Int,
        to cluster: TestCluster,
        at names: [String],
        with client: HTTPClient
    ) async -> Bool {
        let answer = try? await cluster.admin(
            "PUT",
            "/v1/resources/Record/restart",
            body: #"{"attributes": {"value": \#(number)}}"#,
            headers: [("Idempotency-Key", key)],
            at: names.randomElement() ?? "n1",
            with: client,
            within: .seconds(2)
        )
        return answer.map { (200..<300).contains($0.status) } ?? false
    }
}
