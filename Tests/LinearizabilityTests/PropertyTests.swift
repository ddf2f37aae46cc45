import Linearizability
import Testing

@Suite("Linearizability, from seeds") struct PropertyTests {
    typealias Register = RandomHistory.Register
    typealias Operation = RandomHistory.Operation

    @Test("whatever a real execution shows is linearizable", arguments: UInt64(1)...60)
    func accepted(seed: UInt64) {
        var random = RandomHistory(seed: seed)
        let history = random.real(count: 400, keys: 3, spread: 80, values: 5)
        #expect(isLinearizable(history) == true, "seed \(seed)")
        #expect(isLinearizable(random.shuffled(history)) == true, "seed \(seed): the order of lines says nothing")
    }

    @Test("small histories are judged as by trying every order", arguments: UInt64(1)...40)
    func reference(seed: UInt64) {
        var random = RandomHistory(seed: seed)
        var verdicts = (linearizable: 0, violated: 0)
        for _ in 0..<60 {
            let arbitrary = random.arbitrary(count: 6, values: 2)
            let real = random.real(count: 7, keys: 1, spread: 40, values: 3)
            for history in [arbitrary, real, random.mutated(real, values: 3)] {
                let expected = Exhaustive.isLinearizable(history)
                #expect(isLinearizable(history) == expected, "seed \(seed): \(history)")
                if expected { verdicts.linearizable += 1 } else { verdicts.violated += 1 }
            }
        }
        #expect(verdicts.linearizable > 50 && verdicts.violated > 30, "seed \(seed) shows one side alone")
    }

    @Test("evidence holds: its prefix is an order, and with the misfit there is none", arguments: UInt64(1)...20)
    func evidence(seed: UInt64) {
        var random = RandomHistory(seed: seed)
        var found = 0
        for _ in 0..<60 {
            let real = random.real(count: 7, keys: 1, spread: 40, values: 3)
            let history = random.mutated(real, values: 3)
            guard case .violated(let violation) = LinearizabilityChecker(model: Register()).check(history) else {
                continue
            }
            found += 1
            #expect(Exhaustive.holds(violation.prefix) == .some(violation.state), "seed \(seed)")
            let end = violation.misfit.end ?? 0
            #expect(!Exhaustive.isLinearizable(history, upTo: end), "seed \(seed): the misfit fits")
            #expect(Exhaustive.isLinearizable(history, upTo: end - 1), "seed \(seed): less would have done")
        }
        #expect(found > 5, "seed \(seed) found next to nothing")
    }

    /// Nil when undecided.
    private func isLinearizable(_ history: [Operation]) -> Bool? {
        switch LinearizabilityChecker(model: Register()).check(history) {
        case .linearizable: true
        case .violated: false
        case .undecided: nil
        }
    }
}

/// The definition, carried out: every order of every choice of lost operations. For a handful of operations of one key.
private enum Exhaustive {
    typealias Operation = RandomHistory.Operation

    /// - Parameter time: What was not answered by then need not have taken effect.
    static func isLinearizable(_ history: [Operation], upTo time: UInt64 = .max) -> Bool {
        canEnd(history.filter { $0.calledAt <= time }, from: RandomHistory.Register().initial, time)
    }

    private static func canEnd(_ rest: [Operation], from state: Int?, _ time: UInt64) -> Bool {
        if rest.allSatisfy({ $0.end.map { $0 > time } ?? true }) { return true }
        return rest.indices.contains { index in
            let candidate = rest[index]
            var others = rest
            others.remove(at: index)
            guard !others.contains(where: { $0.end.map { $0 < candidate.calledAt } ?? false }),
                let next = step(candidate, state)
            else { return false }
            return canEnd(others, from: next, time)
        }
    }

    /// What the register holds after the operations in this order, nil if it cannot have answered so.
    static func holds(_ order: [Operation]) -> Int?? {
        var state = RandomHistory.Register().initial
        for operation in order {
            guard let next = step(operation, state) else { return nil }
            state = next
        }
        return .some(state)
    }

    private static func step(_ operation: Operation, _ state: Int?) -> Int?? {
        let (next, answer) = RandomHistory.Register().apply(operation.call, to: state)
        if case .answered(let told, _) = operation.outcome, told != answer { return nil }
        return .some(next)
    }
}

extension RecordedOperation {
    fileprivate var end: UInt64? { if case .answered(_, let end) = outcome { end } else { nil } }
}
