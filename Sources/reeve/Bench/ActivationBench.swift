import ArgumentParser
import Cedar
import Decision
import Directory
import Foundation
import JSON
import Kernel
import Simulator
import Wire

/// Puts versions of a policy set in force as a node does, in one thread, without a network or a disk.
struct ActivationBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activation",
        abstract: "Time what a node does when another version of a policy set is put in force.",
        discussion: """
            FILE is the version in force; the versions that follow differ from it in one policy. "policies" is the time \
            from a text to what decides: it is parsed and compiled as far as it differs. "snapshot" is all that a node \
            does, from the stored row to a new decision snapshot. The first line is a node that has read no version before, \
            and so reads all of it. A snapshot that differs from one that was read anew is exit status 1.
            """
    )

    @Argument(help: ArgumentHelp("Policies in Cedar's text form.", valueName: "file"))
    var file: String
    @Option(help: "How often each version is put in force.")
    var rounds = 21
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000.") }
    }

    func run() throws {
        let world = try ActivationWorld(file)
        let measurements = try Edit.allCases.map { edit in
            Measurement(edit, try (0..<rounds).map { try world.activate(edit, round: $0) })
        }
        guard !json else {
            return Console.json([
                "policies": .integer(Int64(world.rules.count)), "bytes": .integer(Int64(world.text.utf8.count)),
                "versions": .array(measurements.map(\.json)),
            ])
        }
        var table = Table("version", "policies ms", "longest", "snapshot ms", "longest")
        for measurement in measurements { table.add(cells: measurement.cells) }
        Console.print("\(world.rules.count) policies, \(world.text.utf8.count) bytes; medians\n" + table.text)
    }

    /// How a version differs from the one in force.
    enum Edit: String, CaseIterable {
        case whole = "all read anew"
        case changed = "one changed in the middle"
        case added = "one added behind"
        case inserted = "one added in the middle"
        case removed = "one removed from the middle"
    }

    struct Times {
        let policies: Duration
        let snapshot: Duration
    }

    private struct Measurement {
        private let edit: Edit
        /// Both sorted.
        private let policies: [Duration]
        private let snapshots: [Duration]

        init(_ edit: Edit, _ times: [Times]) {
            self.edit = edit
            policies = times.map(\.policies).sorted()
            snapshots = times.map(\.snapshot).sorted()
        }

        private var all: [Duration] {
            [policies, snapshots].flatMap { sorted in [sorted[sorted.count / 2], sorted[sorted.count - 1]] }
        }

        var cells: [String] { [edit.rawValue] + all.map { String(format: "%.2f", $0 / .milliseconds(1)) } }

        var json: JSONValue {
            let names = ["policiesMedian", "policiesLongest", "snapshotMedian", "snapshotLongest"]
            return .object(
                [JSONMember(name: "version", value: .string(edit.rawValue))]
                    + zip(names, all).map { name, time in
                        JSONMember(name: name + "Microseconds", value: .integer(Int64(time / .microseconds(1))))
                    }
            )
        }
    }
}

/// A directory in which one policy set is in force, and the snapshot of it.
private struct ActivationWorld {
    let text: String
    private let before: DecisionSnapshot
    private let codec = ProtobufCodec()
    private static let set = "bench"

    var rules: [PolicyRule] { before.policies.flatMap(\.rules) }

    init(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        text = String(decoding: data, as: UTF8.self)
        do throws(PolicyTextError) { _ = try ActivePolicySet(name: Self.set, version: 1, text: text) } catch {
            throw CommandError(error.diagnostics.map(\.description).joined(separator: "\n"), at: path)
        }
        before = Self.snapshot(after: DecisionSnapshot(), Self.store(text, version: 1, codec), codec)
        guard rules.count > 1 else { throw CommandError("holds fewer than two policies", at: path) }
    }

    func activate(_ edit: ActivationBench.Edit, round: Int) throws -> ActivationBench.Times {
        let text = edited(edit, round)
        let store = Self.store(text, version: 2, codec)
        let base = edit == .whole ? DecisionSnapshot() : before
        let clock = ContinuousClock()
        var set: ActivePolicySet?
        let policies = try clock.measure {
            set = try ActivePolicySet(name: Self.set, version: 2, text: text, after: base.policies.first)
        }
        var after = base
        let elapsed = clock.measure { after = Self.snapshot(after: base, store, codec) }
        let anew = Self.snapshot(after: DecisionSnapshot(), store, codec)
        guard after == anew, after.damage == nil, Self.says(after, sameAs: anew), set == after.policies.first else {
            throw CommandError("\(edit.rawValue): the snapshot is not the one that is read anew")
        }
        return ActivationBench.Times(policies: policies, snapshot: elapsed)
    }

    /// What a rule is and where it stands; equal texts alone make sets equal.
    private static func says(_ snapshot: DecisionSnapshot, sameAs other: DecisionSnapshot) -> Bool {
        zip(snapshot.policies, other.policies).allSatisfy { set, other in
            set.rules == other.rules
                && set.rules.indices.allSatisfy { set.reference(of: $0) == other.reference(of: $0) }
        }
    }

    private func edited(_ edit: ActivationBench.Edit, _ round: Int) -> String {
        let policy = "@id(\"added by the benchmark \(round)\")\npermit(principal, action, resource)\nwhen { false };\n"
        switch edit {
        case .whole, .added: return text + "\n" + policy
        case .inserted: return spliced(policy, removing: false)
        case .changed: return spliced(policy, removing: true)
        case .removed: return spliced("", removing: true)
        }
    }

    /// With a text before the policy in the middle, or in its place.
    private func spliced(_ policy: String, removing: Bool) -> String {
        let (set, number) = (before.policies[0], rules.count / 2)
        let range = set.place(rules[number].policy.range, of: number)
        var bytes = Array(text.utf8)
        bytes.replaceSubrange(Int(range.start)..<Int(removing ? range.end : range.start), with: policy.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func snapshot(
        after before: DecisionSnapshot,
        _ store: SortedStore,
        _ codec: ProtobufCodec
    ) -> DecisionSnapshot {
        before.updated(with: [.policiesActivated(set: set)], at: LogIndex(2), from: store, codec: codec)
    }

    private static func store(_ text: String, version: UInt64, _ codec: ProtobufCodec) -> SortedStore {
        let metadata = RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: LogIndex(version))
        let set = PolicySetRecord(name: set, activeVersion: version, latestVersion: version, metadata: metadata)
        let row = PolicyVersionRecord(
            set: self.set,
            version: version,
            text: text,
            note: "",
            author: .bootstrap,
            state: .active,
            activatedAt: .distantPast,
            metadata: metadata
        )
        var store = SortedStore()
        for record in [StoredRecord.policySet(set), .policyVersion(row)] {
            store.set(codec.encode(record), for: record.key)
        }
        return store
    }
}
