import ClusterSupport
import Foundation
import Linearizability
import NIOCore

/// What must hold once everything is healed.
struct Verification: Sendable {
    let testbed: Testbed
    let history: HistoryRecorder
    let stop: StopSignal

    /// How long the healed cluster may take until every node serves, and again until all states are equal.
    static let boundSeconds = 60.0

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// Until every node serves, and for some writes more.
    func converge(_ console: Console) async throws {
        try await within("every node ready") {
            for name in testbed.cluster.names {
                let answer = try? await testbed.cluster.admin("GET", "/readyz", at: name, within: .seconds(1))
                guard answer?.status == 200 else { return false }
            }
            return true
        }
        console.progress("every node is ready again")
        let before = history.counts.acknowledgedWrites
        try await within("a hundred writes after healing") { history.counts.acknowledgedWrites >= before + 100 }
    }

    /// - Returns: The revision at which all states are the same.
    func equalRoots() async throws -> String {
        var common = ""
        try await within("equal state roots at an equal revision") {
            var seen: Set<String> = []
            for name in testbed.cluster.names {
                let answer = try? await testbed.cluster.admin("GET", "/v1/node/status", at: name, within: .seconds(1))
                guard let revision = answer?.value("revision"), let root = answer?.value("state_root") else {
                    return false
                }
                seen.insert("\(revision) \(root)")
            }
            common = seen.first ?? ""
            return seen.count == 1
        }
        return common
    }

    private func within(_ what: String, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(Self.boundSeconds)
        while try await !condition() {
            if stop.isSet { throw CancellationError() }
            guard ContinuousClock.now < end else { throw Failure("not within \(Int(Self.boundSeconds)) s: \(what)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Reads every register on every node, as further operations of the history.
    func readAll(_ admin: AdminClient) async throws {
        let registers = Set(history.operations.map(\.key)).sorted()
        for (number, name) in testbed.cluster.names.enumerated() {
            for register in registers {
                let calledAt = history.now
                let result = await admin.read(register, knowing: history.knownRevision, at: name)
                guard case .value(let value, _) = result else {
                    throw Failure("\(name) does not answer for \(register)")
                }
                history.record(
                    .init(
                        client: 1000 + number,
                        key: register,
                        call: .read,
                        calledAt: calledAt,
                        outcome: .answered(.value(value), at: history.now)
                    )
                )
            }
        }
    }

    /// What was acknowledged and is not on a node as it was written.
    func lostEntries() async throws -> [String] {
        var lost: [String] = []
        for name in testbed.cluster.names {
            let held = try await ledger(of: name)
            for entry in history.ledger where held[entry.name] != entry.value {
                lost.append("\(name) has \(held[entry.name].map(String.init) ?? "nothing") for \(entry.name)")
            }
        }
        return lost
    }

    private func ledger(of name: String) async throws -> [String: Int64] {
        var held: [String: Int64] = [:]
        var cursor = ""
        repeat {
            let path = "/v1/resources?type=Ledger&limit=1000&at_least=\(history.knownRevision)\(cursor)"
            let answer = try await testbed.cluster.admin("GET", path, at: name)
            guard answer.status == 200,
                let page = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any],
                let items = page["items"] as? [[String: Any]]
            else { throw Failure("\(name) does not list its ledger: \(answer.status) \(answer.body.prefix(200))") }
            for item in items {
                if let id = item["id"] as? String { held[id] = TestCluster.Answer.register(item)?.value }
            }
            cursor = (page["next"] as? String).map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        return held
    }
}
