import AsyncHTTPClient
import ClusterSupport
import Foundation
import NIOCore
import Testing

@Suite("A rolling restart") struct RollingRestartTests {
    /// The longest that an election takes with the standard timers, and as much again for a machine that does other things.
    private static let bound = Duration.seconds(4)

    @Test("no write waits for longer than an election while each node is restarted") func restart() async throws {
        try await withCluster { cluster in
            let ledger = Ledger()
            // A node that is away is not waited for: another is asked.
            let client = try cluster.makeClient(retriesConnecting: false)
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
            print("rolling restart: \(count) writes, the longest took \(wait)")
            #expect(count > 50, "too few writes to mean anything")
            #expect(wait < Self.bound)
            try await KillTests.checkRoots(of: cluster)
        }
    }

    /// One write after the other, each with the same key at whichever node answers, until it is acknowledged.
    private static func write(to cluster: TestCluster, with client: HTTPClient, until ledger: Ledger) async -> Duration
    {
        var longest = Duration.zero
        var number = 0
        while !ledger.isStopped, !Task.isCancelled {
            number += 1
            let start = ContinuousClock.now
            while !Task.isCancelled, !(await put(number, to: cluster, with: client)) {
                try? await Task.sleep(for: .milliseconds(5))
            }
            longest = max(longest, ContinuousClock.now - start)
            ledger.acknowledge("restart", number, revision: 0)
        }
        return longest
    }

    private static func put(_ number: Int, to cluster: TestCluster, with client: HTTPClient) async -> Bool {
        let answer = try? await cluster.admin(
            "PUT",
            "/v1/resources/Record/restart",
            body: #"{"attributes": {"value": \#(number)}}"#,
            headers: [("Idempotency-Key", "restart-\(number)")],
            at: cluster.names.randomElement() ?? "n1",
            with: client,
            within: .seconds(2)
        )
        return answer.map { (200..<300).contains($0.status) } ?? false
    }
}
