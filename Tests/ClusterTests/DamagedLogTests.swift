import ClusterSupport
import Foundation
import Kernel
import Storage
import Testing

@Suite("A node whose disk rots", .serialized) struct DamagedLogTests {
    @Test("gets the entries that it lost back from the others, and serves again") func repair() async throws {
        try await withCluster { cluster in
            let leader = try await KillTests.leader(of: cluster)
            let victim = try #require(cluster.names.first { $0 != leader })
            for number in 0..<60 {
                let answer = try await cluster.admin("PUT", "/v1/roles/r\(number)", body: "{}", at: leader)
                #expect((200..<300).contains(answer.status), "\(answer.body)")
            }
            try await KillTests.checkRoots(of: cluster)
            // A read commits what the victim has applied. Damage that its state does not reflect would be cut off, not repaired.
            let last = try await cluster.admin("GET", "/v1/roles/r59", at: victim)
            #expect(last.status == 200)
            cluster.kill(victim)
            try Self.rot([8, 20, 21, 22, 40], in: cluster.folder.appending(path: "nodes/\(victim)/data/log").path())
            try cluster.start(victim)
            try await cluster.until("\(victim) has a whole log", within: 30) {
                let metrics = try? await cluster.admin("GET", "/metrics", at: victim)
                return metrics?.body.contains("\nreeve_storage_log_whole_count 1\n") == true
                    && metrics?.body.contains("\nreeve_storage_log_repaired_entries_total 5\n") == true
            }
            try await cluster.ready()
            try await KillTests.checkRoots(of: cluster)
            let log = try String(contentsOf: cluster.folder.appending(path: "nodes/\(victim)/log"), encoding: .utf8)
            #expect(log.contains("damaged entries repaired") && log.contains("the log is whole again"))
        }
    }

    /// Flips a bit of stored entries, as a failing disk would, while nobody has them open.
    private static func rot(_ indexes: [UInt64], in path: String) throws {
        let environment = try LMDBEnvironment(path: path, options: .init(durability: .everyCommit))
        let table = try environment.table("entries")
        let transaction = try environment.beginWrite()
        for index in indexes {
            var key: [UInt8] = []
            key.append(bigEndian: index)
            var record = try #require(try transaction.value(for: key, in: table), "no entry \(index)")
            record[record.count / 2] ^= 0x10
            try transaction.put(record, for: key, in: table)
        }
        try transaction.commit()
    }
}
