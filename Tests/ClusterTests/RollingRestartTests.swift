import AsyncHTTPClient
import ClusterSupport
import Foundation
import NIOCore
import Testing

@Suite("A rolling restart") struct RollingRestartTests {
    /// The longest that an election takes with the standard timers.
    private static let longestElection = Duration.seconds(2)

    @Test("no write waits for longer than an election while each node is restarted") func restart() async throws {
        try await withCluster { cluster in
            let ledger = Ledger()
            // A node that is away is not waited for: another is asked.
            let client = try cluster.makeClient(retriesConnecting: false)
            let election = try await Self.election(in: cluster, with: client)
            async let longest = Self.write(to: cluster, with: client, until: ledger)
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
            // As much again for what else the machine does.
            #expect(wait < max(election, Self.longestElection) * 2)
            try await KillTests.checkRoots(of: cluster)
        }
    }

    /// From a leader's falling silent to the next acknowledged write, on this machine, as busy as it is: the longest of three.
    private static func election(in cluster: TestCluster, with client: HTTPClient) async throws -> Duration {
        var longest = Duration.zero
        for round in 1...3 {
            let leader = try await KillTests.leader(of: cluster)
            let others = cluster.names.filter { $0 != leader }
            cluster.pause(leader)
            defer { cluster.resume(leader) }
            let start = ContinuousClock.now
            try await cluster.until("a write without \(leader)", within: 30) {
                await put("election-\(round)", 0, to: cluster, at: others, with: client)
            }
            longest = max(longest, ContinuousClock.now - start)
        }
        return longest
    }

    /// One write after the other, each with the same key at whichever node answers, until it is acknowledged.
    private static func write(to cluster: TestCluster, with client: HTTPClient, until ledger: Ledger) async -> Duration
    {
        var longest = Duration.zero
        var number = 0
        while !ledger.isStopped, !Task.isCancelled {
            number += 1
            let start = ContinuousClock.now
            while !Task.isCancelled,
                !(await put("restart-\(number)", number, to: cluster, at: cluster.names, with: client))
            {
                try? await Task.sleep(for: .milliseconds(5))
            }
            longest = max(longest, ContinuousClock.now - start)
            ledger.acknowledge("restart", number, revision: 0)
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
