import Consensus
import Directory
import Kernel
import Replica
import Simulator
import Testing

/// Each checker, given what it exists to find.
@Suite("Checkers")
struct CheckerTests {
    @Test("R1: two leaders in one term")
    func twoLeaders() throws {
        var checker = LeadershipChecker()
        try checker.leads(0, in: Term(4))
        try checker.leads(0, in: Term(4))
        try checker.leads(1, in: Term(5))
        #expect(violation { () throws(Violation) in try checker.leads(1, in: Term(4)) } == .leadership)
        #expect(checker.leaderCount == 2)
    }

    @Test("R1: two votes of one node in one term")
    func twoVotes() throws {
        var checker = LeadershipChecker()
        try checker.sends(0, Fixtures.message(from: 0, to: 1, term: 3, .voteResponse(granted: true)))
        try checker.sends(0, Fixtures.message(from: 0, to: 1, term: 3, .voteResponse(granted: true)))
        try checker.sends(0, Fixtures.message(from: 0, to: 2, term: 3, .voteResponse(granted: false)))
        try checker.sends(0, Fixtures.message(from: 0, to: 2, term: 4, .voteResponse(granted: true)))
        #expect(
            violation { () throws(Violation) in
                try checker.sends(0, Fixtures.message(from: 0, to: 2, term: 3, .voteResponse(granted: true)))
            } == .leadership
        )
        #expect(
            violation { () throws(Violation) in
                try checker.sends(
                    0,
                    Fixtures.message(from: 0, to: 1, term: 4, .voteRequest(last: .zero, isTransfer: false))
                )
            } == .leadership,
            "who campaigns has voted for itself"
        )
    }

    @Test("R2: nodes apply different entries at one index")
    func differentEntries() throws {
        var checker = LogChecker()
        let first = Fixtures.entries(terms: [1, 1])
        let second = Fixtures.entries(terms: [1, 1], mark: 7)
        let disks = [Fixtures.disk(first), Fixtures.disk(first), Fixtures.disk(second)]
        try checker.applies(0, first, by: [Majority(disks)])
        try checker.applies(1, first, by: [Majority(disks)])
        #expect(violation { () throws(Violation) in try checker.applies(2, second, by: [Majority(disks)]) } == .log)
    }

    @Test("R2: an entry is applied that no quorum holds durably")
    func notDurable() {
        var checker = LogChecker()
        let entries = Fixtures.entries(terms: [1])
        let disks = [Fixtures.disk(entries), Fixtures.disk([]), Fixtures.disk([])]
        #expect(violation { () throws(Violation) in try checker.applies(0, entries, by: [Majority(disks)]) } == .log)
    }

    @Test("R2: a commit index beyond what a quorum holds durably")
    func commitTooFar() throws {
        var checker = LogChecker()
        let entries = Fixtures.entries(terms: [1, 1])
        let disks = [Fixtures.disk(entries), Fixtures.disk([entries[0]]), Fixtures.disk([])]
        try checker.commits(0, through: LogIndex(1), by: [Majority(disks)])
        #expect(
            violation { () throws(Violation) in try checker.commits(0, through: LogIndex(2), by: [Majority(disks)]) }
                == .log
        )
    }

    @Test("R2: a committed entry is overwritten")
    func overwritten() throws {
        var checker = LogChecker()
        let entries = Fixtures.entries(terms: [1, 1])
        let disk = Fixtures.disk(entries)
        try checker.applies(0, [entries[0]], by: [Majority([disk, disk, disk])])
        let dropped = entries.compactMap { disk.stored(at: $0.index) }
        try checker.replaced(2, [dropped[1]])
        #expect(violation { () throws(Violation) in try checker.replaced(2, dropped) } == .log)
    }

    @Test("R2: logs that agree on a position differ before it, or name a predecessor that is not there")
    func mismatch() throws {
        var checker = LogChecker()
        let first = Fixtures.entries(terms: [1])
        let second = Fixtures.entries(terms: [1], mark: 7)
        try checker.wrote(0, first, on: Fixtures.disk(first))
        #expect(violation { () throws(Violation) in try checker.wrote(1, second, on: Fixtures.disk(second)) } == .log)
        let orphan = Entry(
            position: LogPosition(term: Term(1), index: LogIndex(2)),
            time: .distantPast,
            previousHash: second[0].hash,
            payload: .empty
        )
        #expect(
            violation { () throws(Violation) in
                try checker.wrote(0, [orphan], on: Fixtures.disk(first + [orphan]))
            } == .log
        )
    }

    @Test("R2: applied past the commit index, and a committed entry gone from the disks")
    func orderAndScan() throws {
        var checker = LogChecker()
        #expect(
            violation { () throws(Violation) in
                try checker.orders(0, applied: LogIndex(3), committed: LogIndex(2))
            } == .log
        )
        let entries = Fixtures.entries(terms: [1])
        let full = Fixtures.disk(entries)
        try checker.applies(0, entries, by: [Majority([full, full, full])])
        try checker.scan(by: [Majority([full, full, Fixtures.disk([])])])
        #expect(
            violation { () throws(Violation) in
                try checker.scan(by: [Majority([full, Fixtures.disk([]), Fixtures.disk([])])])
            } == .log
        )
    }

    @Test("R4: one revision, two states")
    func stateRoots() throws {
        var checker = StateRootChecker()
        try checker.reached(0, LogIndex(8), Digest.of([1]))
        try checker.reached(1, LogIndex(8), Digest.of([1]))
        try checker.reached(1, LogIndex(9), Digest.of([2]))
        #expect(
            violation { () throws(Violation) in try checker.reached(2, LogIndex(8), Digest.of([2])) } == .stateRoot
        )
    }

    @Test("S1: the node that acknowledged a revocation allows, and one that applied it allows")
    func revocations() throws {
        var checker = RevocationChecker()
        checker.acknowledged(5, at: LogIndex(20), by: 1)
        try checker.allowed(6, by: 1, applied: LogIndex(30))
        try checker.allowed(5, by: 0, applied: LogIndex(19))
        #expect(
            violation { () throws(Violation) in try checker.allowed(5, by: 0, applied: LogIndex(20)) } == .revocation
        )
        #expect(
            violation { () throws(Violation) in try checker.allowed(5, by: 1, applied: LogIndex(3)) } == .revocation,
            "a state that went back in a crash is no excuse"
        )
    }

    @Test("S1: a quarantine counts until somebody asks for its end, and another one for longer")
    func quarantines() throws {
        var checker = RevocationChecker()
        let (first, second) = (Digest.of([1]), Digest.of([2]))
        checker.acknowledged(5, at: LogIndex(20), by: 1, statement: first)
        #expect(
            violation { () throws(Violation) in try checker.allowed(5, by: 0, applied: LogIndex(20)) } == .revocation
        )
        checker.asksToLift(first)
        checker.acknowledged(5, at: LogIndex(20), by: 2, statement: first)
        try checker.allowed(5, by: 2, applied: LogIndex(30))
        checker.acknowledged(5, at: LogIndex(25), by: 1, statement: second)
        #expect(
            violation { () throws(Violation) in try checker.allowed(5, by: 0, applied: LogIndex(30)) } == .revocation
        )
    }

    @Test("S1: a name that was revoked is given again")
    func names() throws {
        var checker = RevocationChecker()
        checker.acknowledged(5, at: LogIndex(20), by: 1)
        checker.acknowledged(6, at: LogIndex(20), by: 1, statement: .of([1]))
        checker.acknowledged(7, at: LogIndex(20), by: 1, isCascaded: true)
        try checker.named(7, at: LogIndex(21))
        try checker.named(5, at: LogIndex(19))
        try checker.named(6, at: LogIndex(21))
        #expect(violation { () throws(Violation) in try checker.named(5, at: LogIndex(21)) } == .revocation)
        checker.restored(at: LogIndex(30), quarantined: [5])
        try checker.named(5, at: LogIndex(31))
    }

    @Test("S5: a node allows somebody by what its name was granted before it was removed")
    func removals() throws {
        var checker = DependencyChecker()
        checker.removed(1, at: LogIndex(20))
        try checker.allowed(1, by: 0, from: LogIndex(19))
        try checker.allowed(2, by: 0, from: LogIndex(20))
        let late = checker
        #expect(violation { () throws(Violation) in try late.allowed(1, by: 0, from: LogIndex(20)) } == .dependency)
        checker.restored(to: LogIndex(19))
        try checker.allowed(1, by: 0, from: LogIndex(20))
        checker.removed(1, at: LogIndex(20))
        #expect(checker.agents == [1])
        checker.granted(1)
        try checker.allowed(1, by: 0, from: LogIndex(20))
    }

    @Test("S9: a node allows by a grant that has ended")
    func ends() throws {
        var checker = GrantChecker(agentCount: 3, tolerance: .milliseconds(500))
        #expect(checker.ended(0, at: .distantFuture) == nil, "nobody was granted anything")
        checker.requested(1, until: WallTime(milliseconds: 9000))
        checker.requested(1, until: WallTime(milliseconds: 8000))
        #expect(checker.ended(2, at: WallTime(milliseconds: 9500)) == nil)
        #expect(checker.ended(2, at: WallTime(milliseconds: 9501)) == 1)
        checker.requested(2, until: WallTime(milliseconds: 8500))
        #expect(checker.endedLast(at: WallTime(milliseconds: 9000)) == nil)
        #expect(checker.endedLast(at: WallTime(milliseconds: 9500)) == 2)
        #expect(checker.endedLast(at: WallTime(milliseconds: 9501)) == 1)
        try checker.allowed(1, by: 0, at: WallTime(milliseconds: 9500))
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(1, by: 0, at: WallTime(milliseconds: 9501))
            } == .expiry
        )
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(0, by: 0, at: WallTime(milliseconds: 501))
            } == .expiry
        )
    }
}

@Suite("History checker")
struct HistoryCheckerTests {
    private let population = Population()
    private let command = Digest.of([1])
    private let copy = Digest.of([2])

    @Test("R3: an operation takes effect twice")
    func appliedTwice() throws {
        var (checker, operations) = history()
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        try checker.applied(Fixtures.outcome(copy, 5), by: 0, operations: operations)
        #expect(
            violation { () throws(Violation) in
                try checker.applied(Fixtures.outcome(copy, 6), by: 0, operations: operations)
            } == .history
        )
        operations = []
    }

    @Test("R3: a write takes effect on what its client has not seen")
    func lostUpdate() throws {
        var (checker, operations) = history()
        let other = Digest.of([3])
        checker.submitted(other, of: 1)
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        func effect(seen: UInt64) -> Violation.Invariant? {
            let body = CommandBody.put(.resource(population.document(0, value: 43)), .revision(LogIndex(seen)))
            let conditional = ClientOperation(
                number: 1,
                intent: .write(body),
                invokedAt: .zero,
                floor: .zero,
                isSetup: false
            )
            var copy = checker
            return violation { () throws(Violation) in
                try copy.applied(Fixtures.outcome(other, 6), by: 0, operations: operations + [conditional])
            }
        }
        #expect(effect(seen: 5) == nil)
        #expect(effect(seen: 4) == .history)
        operations = []
    }

    @Test("R3: a retry of what was done is refused")
    func refusedRetry() throws {
        var (checker, operations) = history()
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        let refused = AppliedBatch.Outcome(command: copy, result: .refused(.init(.late)))
        #expect(
            violation { () throws(Violation) in
                try checker.applied(refused, by: 0, operations: operations)
            } == .history
        )
        operations = []
    }

    @Test("R3: acknowledged but never applied, or applied elsewhere than was told")
    func wrongAcknowledgement() throws {
        var (checker, operations) = history()
        #expect(
            violation { () throws(Violation) in
                try checker.acknowledged(operations[0], Fixtures.done(5))
            } == .history
        )
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        try checker.acknowledged(operations[0], Fixtures.done(5))
        #expect(
            violation { () throws(Violation) in
                try checker.acknowledged(operations[0], Fixtures.done(6))
            } == .history
        )
        operations = []
    }

    @Test("R3: takes effect before something that was told before it was sent")
    func realTimeOrder() throws {
        var (checker, operations) = history(floor: 9)
        try checker.applied(Fixtures.outcome(command, 9), by: 0, operations: operations)
        #expect(
            violation { () throws(Violation) in
                try checker.acknowledged(operations[0], Fixtures.done(9))
            } == .history
        )
        operations = []
    }

    @Test("R3: reads see the newest write at or below their revision")
    func reads() throws {
        var (checker, operations) = history()
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        try checker.read(document: 0, value: nil, applied: LogIndex(4), atLeast: LogIndex(2), on: 0)
        try checker.read(document: 0, value: 42, applied: LogIndex(5), atLeast: LogIndex(5), on: 0)
        #expect(
            violation { () throws(Violation) in
                try checker.read(document: 0, value: nil, applied: LogIndex(5), atLeast: LogIndex(5), on: 0)
            } == .history,
            "a lost write"
        )
        #expect(
            violation { () throws(Violation) in
                try checker.read(document: 0, value: 42, applied: LogIndex(5), atLeast: LogIndex(6), on: 0)
            } == .history,
            "a state older than was asked for"
        )
        operations = []
    }

    @Test("R3: an acknowledged write is not in the log where it was told, or a refused one took effect")
    func scan() throws {
        var (checker, operations) = history()
        let log = LogChecker()
        operations[0].outcome = .done(Fixtures.done(5))
        #expect(violation { () throws(Violation) in try checker.scan(operations, log: log) } == .history)
        try checker.applied(Fixtures.outcome(command, 5), by: 0, operations: operations)
        operations[0].outcome = .notTaken
        #expect(violation { () throws(Violation) in try checker.scan(operations, log: log) } == .history)
    }

    /// One operation that sets document 0 to 42, sent twice.
    private func history(floor: UInt64 = 0) -> (HistoryChecker, [ClientOperation]) {
        var checker = HistoryChecker(population: population)
        checker.submitted(command, of: 0)
        checker.submitted(copy, of: 0)
        let operation = ClientOperation(
            number: 0,
            intent: .write(.put(.resource(population.document(0, value: 42)), .none)),
            invokedAt: .zero,
            floor: LogIndex(floor),
            isSetup: false
        )
        return (checker, [operation])
    }
}

@Suite("Client history checker")
struct ClientHistoryCheckerTests {
    private let population = Population()

    @Test("R3: clients saw an order that no document has")
    func stale() throws {
        var operations = [write(0, value: 1, 0...10), write(1, value: 2, 20...30), read(2, sees: 2, 40...50)]
        try check(operations)
        operations.append(read(3, sees: 1, 60...70))
        #expect(violation { () throws(Violation) in try check(operations) } == .history, "the old value came back")
        operations[3].outcome = .unknown
        try check(operations)
    }

    @Test("R3: a write of unknown outcome may show at any time, one that was not taken at none")
    func doubt() throws {
        var operations = [write(0, value: 1, 0...10), read(1, sees: 1, 20...30), read(2, sees: 1, 90...95)]
        operations[0].outcome = .unknown
        try check(operations)
        operations[0].outcome = .notTaken
        #expect(violation { () throws(Violation) in try check(operations) } == .history)
    }

    @Test("R3: one read of a whole run is falsified", arguments: UInt64(1)...5)
    func falsified(seed: UInt64) throws {
        var world = World(Fixtures.options(seed: seed))
        try world.run(until: Instant(microseconds: 30_000_000))
        var operations = world.operations
        try check(operations)
        let place = try #require(operations.lastIndex { if case .read = $0.outcome { true } else { false } })
        let read = operations[place]
        let writes = operations.filter { $0.isWrite(of: read, in: population) }
        let first = try #require(writes.first, "seed \(seed) wrote too little")
        let isOverwritten = writes.contains { later in
            first.returnedAt.map { $0 < later.invokedAt } ?? false
                && later.returnedAt.map { $0 < read.invokedAt } ?? false
        }
        #expect(isOverwritten, "seed \(seed) wrote too little")
        operations[place].outcome = .read(first.value)
        #expect(violation { () throws(Violation) in try check(operations) } == .history, "seed \(seed)")
    }

    private func check(_ operations: [ClientOperation]) throws(Violation) {
        try ClientHistoryChecker(population: population).check(operations)
    }

    private func write(_ number: Int, value: Int64, _ time: ClosedRange<UInt64>) -> ClientOperation {
        operation(
            number,
            .write(.put(.resource(population.document(0, value: value)), .none)),
            time,
            .done(Fixtures.done(5))
        )
    }

    private func read(_ number: Int, sees value: Int64?, _ time: ClosedRange<UInt64>) -> ClientOperation {
        operation(number, .read(resource: 0, atLeast: .zero), time, .read(value))
    }

    private func operation(
        _ number: Int,
        _ intent: ClientOperation.Intent,
        _ time: ClosedRange<UInt64>,
        _ outcome: ClientOperation.Outcome
    ) -> ClientOperation {
        var operation = ClientOperation(
            number: number,
            intent: intent,
            invokedAt: Instant(microseconds: time.lowerBound),
            floor: .zero,
            isSetup: false
        )
        operation.outcome = outcome
        operation.returnedAt = Instant(microseconds: time.upperBound)
        return operation
    }
}

extension ClientOperation {
    fileprivate var value: Int64? {
        guard case .write(.put(.resource(let spec), _)) = intent,
            case .long(let value) = spec.attributes[Population.valueAttribute]
        else { return nil }
        return value
    }

    /// Whether it was done, and to the document that `read` is of.
    fileprivate func isWrite(of read: ClientOperation, in population: Population) -> Bool {
        guard case .done = outcome, case .write(.put(.resource(let spec), _)) = intent else { return false }
        switch read.intent {
        case .read(let document, _), .readCurrent(let document): return spec.id == population.documents[document]
        case .write, .decide, .pry, .escalate, .usurp, .state: return false
        }
    }
}

/// Which invariant an action violates, nil if none.
func violation(_ body: () throws(Violation) -> Void) -> Violation.Invariant? {
    do {
        try body()
        return nil
    } catch {
        return error.invariant
    }
}
