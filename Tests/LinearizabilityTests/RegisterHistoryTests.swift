import Linearizability
import Testing

/// Histories of one register, drawn as intervals, whose verdict is plain to see.
@Suite("Register histories") struct RegisterHistoryTests {
    typealias Register = RegisterModel<Int>
    typealias Operation = RecordedOperation<String, Register>

    @Test("an empty history is linearizable") func empty() { #expect(verdict([]) == "linearizable") }

    @Test("a read of what was overwritten before it began is stale") func stale() {
        let history = [write(1, 0, 10), write(2, 20, 30), read(1, 40, 50)]
        #expect(verdict(history) == "violated by read -> 1 after 2 operations, holding 2")
    }

    @Test("a read beside a write may see the old value or the new one") func concurrent() {
        #expect(verdict([write(1, 0, 10), write(2, 20, 60), read(1, 30, 40)]) == "linearizable")
        #expect(verdict([write(1, 0, 10), write(2, 20, 60), read(2, 30, 40)]) == "linearizable")
    }

    @Test("once a read has seen the new value, a later one may not see the old") func inversion() {
        let history = [write(1, 0, 10), write(2, 20, 90), read(2, 30, 40), read(1, 50, 60)]
        #expect(verdict(history).hasPrefix("violated by read -> 1"))
    }

    @Test("operations that touch in one moment are concurrent") func touching() {
        #expect(verdict([write(1, 0, 10), read(nil, 10, 20)]) == "linearizable")
        #expect(verdict([write(1, 0, 10), read(nil, 11, 20)]).hasPrefix("violated"))
    }

    @Test("a write of unknown outcome takes effect late, or never, but not before its call and not twice")
    func unknown() {
        let lost = operation(.write(2), 20, .unknown)
        #expect(verdict([write(1, 0, 10), lost, read(1, 30, 40)]) == "linearizable")
        #expect(verdict([write(1, 0, 10), lost, read(1, 30, 40), read(2, 500, 600)]) == "linearizable")
        #expect(verdict([write(1, 0, 10), lost, read(2, 11, 19)]).hasPrefix("violated"))
        #expect(
            verdict([write(1, 0, 10), lost, read(2, 30, 40), write(3, 50, 60), read(2, 70, 80)]).hasPrefix("violated")
        )
    }

    @Test("compare and set tells whether it matched") func compareAndSet() {
        let set = operation(.compareAndSet(expected: 1, new: 2), 20, .answered(.compared(matched: true), at: 30))
        let missed = operation(.compareAndSet(expected: 1, new: 3), 40, .answered(.compared(matched: false), at: 50))
        #expect(verdict([write(1, 0, 10), set, missed, read(2, 60, 70)]) == "linearizable")
        #expect(verdict([write(7, 0, 10), set]).hasPrefix("violated by compareAndSet"))
        #expect(verdict([write(1, 0, 10), missed]).hasPrefix("violated by compareAndSet"))
    }

    @Test("an answer that is dated before its call counts as given at the call") func backwards() {
        #expect(verdict([write(1, 50, 10), read(1, 60, 70)]) == "linearizable")
        #expect(verdict([write(1, 50, 10), read(1, 20, 30)]).hasPrefix("violated"))
    }

    @Test("objects do not order each other, and the shortest evidence is told") func keys() {
        let history = [
            write(1, 0, 10), write(2, 20, 30), write(3, 40, 50), read(2, 60, 70),
            write(1, 0, 10, of: "other"), read(9, 20, 30, of: "other"), read(1, 20, 30, of: "third"),
        ]
        guard case .violated(let violation) = LinearizabilityChecker(model: Register()).check(history) else {
            Issue.record("no violation")
            return
        }
        #expect(violation.key == "third" && violation.prefix.isEmpty)
        #expect("\(violation)".contains("key third is not linearizable"))
        #expect("\(violation)".contains("read -> value(Optional(1))"))
    }

    @Test("the evidence orders everything that returned before the misfit") func evidence() {
        let history =
            (0..<20).map { write($0, UInt64($0) * 10, UInt64($0) * 10 + 5) }
            + [read(3, 300, 310), read(4, 320, 330)]
        guard case .violated(let violation) = LinearizabilityChecker(model: Register()).check(history) else {
            Issue.record("no violation")
            return
        }
        #expect(violation.prefix == Array(history[..<20]))
        #expect(violation.state == 19)
        #expect(violation.misfit == history[20])
    }

    @Test("a search beyond its bound says so instead of going on") func bound() {
        // Twelve writes at once, and reads of them in an order that only some of 12! orders give.
        let writes = (0..<12).map { write($0, 0, 1000) }
        let reads = (0..<12).map { read(11 - $0, 10 + UInt64($0) * 20, 20 + UInt64($0) * 20) }
        #expect(verdict(writes + reads + [read(11, 400, 410)], stepLimit: 50) == "undecided")
        #expect(verdict(writes + reads + [read(11, 400, 410)]).hasPrefix("violated"))
    }

    @Test("a hundred lost writes do not double the search a hundred times") func manyUnknown() {
        let lost = (0..<100).map { operation(.write(1000 + $0), 0, .unknown) }
        let seen = (0..<50).map { read(1000 + 2 * $0, 10 + UInt64($0) * 10, 15 + UInt64($0) * 10) }
        #expect(verdict(lost + seen) == "linearizable")
        #expect(verdict(lost + seen + [read(1000, 2000, 2010)], stepLimit: 100_000).hasPrefix("violated"))
    }

    private func operation(
        _ call: Register.Call,
        _ start: UInt64,
        _ outcome: Operation.Outcome,
        of key: String = "x"
    ) -> Operation {
        Operation(client: 0, key: key, call: call, calledAt: start, outcome: outcome)
    }

    private func write(_ value: Int, _ start: UInt64, _ end: UInt64, of key: String = "x") -> Operation {
        operation(.write(value), start, .answered(.written, at: end), of: key)
    }

    private func read(_ value: Int?, _ start: UInt64, _ end: UInt64, of key: String = "x") -> Operation {
        operation(.read, start, .answered(.value(value), at: end), of: key)
    }

    private func verdict(_ history: [Operation], stepLimit: Int = 1_000_000) -> String {
        switch LinearizabilityChecker(model: Register(), stepLimit: stepLimit).check(history) {
        case .linearizable: return "linearizable"
        case .undecided: return "undecided"
        case .violated(let violation):
            let state = violation.state.map(String.init) ?? "nothing"
            return "violated by \(name(of: violation.misfit))"
                + " after \(violation.prefix.count) operations, holding \(state)"
        }
    }

    private func name(of operation: Operation) -> String {
        guard case .answered(.value(let value), _) = operation.outcome else { return "\(operation.call)" }
        return "read -> \(value.map(String.init) ?? "nothing")"
    }
}
