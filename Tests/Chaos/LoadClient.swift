import ClusterSupport
import Foundation
import Kernel
import Linearizability

/// One client, which does one thing at a time: writes and reads registers, compares and sets them, and makes resources
/// that nobody changes afterwards.
struct LoadClient: Sendable {
    private struct Seen: Sendable {
        let value: Int64
        let objectRevision: UInt64
    }

    private let number: Int
    private let admin: AdminClient
    private let history: HistoryRecorder
    private var random: SeededRandom
    /// The node that is asked, until it fails.
    private var node: String
    private var sequence: Int64 = 0
    private var generation: UInt64 = 0
    /// What the client last knew of registers.
    private var seen: [String: Seen] = [:]

    /// Registers are left for new ones after a while: that bounds what there is to search in the history of one.
    private static let generationNanoseconds: UInt64 = 30_000_000_000
    private static let registerCount = 5
    private static let maximumAttempts = 4

    init(number: Int, admin: AdminClient, history: HistoryRecorder, random: SeededRandom) {
        self.number = number
        self.admin = admin
        self.history = history
        self.random = random
        node = admin.cluster.names[number % admin.cluster.names.count]
    }

    mutating func run() async {
        while !history.isStopped {
            await operate()
            try? await Task.sleep(for: .milliseconds(below(15)))
        }
    }

    private mutating func operate() async {
        let current = history.now / Self.generationNanoseconds
        if current != generation { seen = [:] }
        generation = current
        let register = "Register/g\(generation)-\(below(Self.registerCount))"
        switch below(100) {
        case ..<40: await write(register, .write(nextValue()))
        case ..<55:
            guard let known = seen[register] else { return await read(register) }
            await write(register, .compareAndSet(expected: known.value, new: nextValue()), at: known.objectRevision)
        case ..<65: await enterLedger()
        default: await read(register)
        }
        if below(20) == 0 { changeNode() }
    }

    /// Values are unique, so that a read tells which write it saw.
    private mutating func nextValue() -> Int64 {
        sequence += 1
        return Int64(number) * 10_000_000 + sequence
    }

    private mutating func read(_ register: String) async {
        let calledAt = history.now
        let result = await admin.read(register, knowing: history.knownRevision, at: node)
        guard case .value(let value, let objectRevision) = result else {
            history.count { $0.failedReads += 1 }
            return changeNode()
        }
        history.learned(objectRevision)
        history.count { $0.answeredReads += 1 }
        record(register, .read, calledAt, .answered(.value(value), at: history.now))
        seen[register] = value.map { Seen(value: $0, objectRevision: objectRevision) }
    }

    private mutating func write(
        _ register: String,
        _ call: HistoryRecorder.Model.Call,
        at revision: UInt64? = nil
    ) async {
        let calledAt = history.now
        let value = call.newValue
        switch await send(register, value, ifAt: revision) {
        case .done(_, let objectRevision):
            let answer = revision == nil ? HistoryRecorder.Model.Answer.written : .compared(matched: true)
            if revision != nil { history.count { $0.matchedComparisons += 1 } }
            record(register, call, calledAt, .answered(answer, at: history.now))
            seen[register] = Seen(value: value, objectRevision: objectRevision)
        case .mismatch:
            history.count { $0.missedComparisons += 1 }
            guard await learnsRevision(of: register) else { return }
            record(register, call, calledAt, .answered(.compared(matched: false), at: history.now))
            seen[register] = nil
        case .unknown: record(register, call, calledAt, .unknown)
        case .notTaken, .refused: return
        }
    }

    /// A mismatch tells that the register has changed, and not at which revision. Reads that are to see as much need to
    /// know one, which the node that told has; where it cannot be learned, the mismatch does not count as seen.
    private func learnsRevision(of register: String) async -> Bool {
        if admin.mode == .linearizable { return true }
        guard
            case .value(_, let objectRevision) =
                await admin.read(register, knowing: history.knownRevision, at: node)
        else { return false }
        history.learned(objectRevision)
        return true
    }

    private mutating func enterLedger() async {
        let value = nextValue()
        let entry = HistoryRecorder.LedgerEntry(name: "e\(value)", value: value)
        switch await send("Ledger/\(entry.name)", value, ifAt: 0) {
        case .done: history.record(entry)
        // Nobody else makes it: the write took effect, and its retry was not recognised.
        case .mismatch: history.refused("Ledger/\(entry.name) was there before it was made")
        case .notTaken, .refused, .unknown: return
        }
    }

    /// Sends a write until its fate is known or patience ends. A retry carries the same key, so it is applied once.
    private mutating func send(_ path: String, _ value: Int64, ifAt revision: UInt64?) async -> AdminClient.WriteResult
    {
        var isInDoubt = false
        for attempt in 1...Self.maximumAttempts {
            let result = await admin.write(path, value, ifAt: revision, key: "w\(value)", at: node)
            switch result {
            case .done(let told, _):
                history.learned(told)
                history.acknowledged(at: history.now)
                return result
            case .mismatch: return result
            case .refused(let answer):
                history.refused("\(path): \(answer)")
                return isInDoubt ? .unknown : result
            case .unknown: isInDoubt = true
            case .notTaken: break
            }
            changeNode()
            if attempt < Self.maximumAttempts { try? await Task.sleep(for: .milliseconds(30 + below(200))) }
        }
        if isInDoubt { history.count { $0.unknownWrites += 1 } } else { history.count { $0.refusedWrites += 1 } }
        return isInDoubt ? .unknown : .notTaken
    }

    private func record(
        _ register: String,
        _ call: HistoryRecorder.Model.Call,
        _ calledAt: UInt64,
        _ outcome: HistoryRecorder.Recorded.Outcome
    ) {
        history.record(
            HistoryRecorder.Recorded(client: number, key: register, call: call, calledAt: calledAt, outcome: outcome)
        )
    }

    private mutating func changeNode() { node = admin.cluster.names[below(admin.cluster.names.count)] }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}

extension RegisterModel.Call where Value == Int64 {
    /// Zero for a read, which has none.
    fileprivate var newValue: Int64 {
        switch self {
        case .read: 0
        case .write(let value), .compareAndSet(_, let value): value
        }
    }
}
