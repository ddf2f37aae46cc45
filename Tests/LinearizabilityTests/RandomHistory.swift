import Kernel
import Linearizability

/// Histories drawn from a seed.
struct RandomHistory {
    typealias Register = RegisterModel<Int>
    typealias Operation = RecordedOperation<Int, Register>

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// What clients see of registers that do one thing at a time: each operation takes effect at one moment, in the
    /// order of the list, and its interval is drawn around that moment. Some outcomes are lost, before or after the effect.
    mutating func real(count: Int, keys: Int, spread: Int, values: Int) -> [Operation] {
        let model = Register()
        var states = Array(repeating: model.initial, count: keys)
        return (0..<count).map { number in
            let moment = 1000 + number * 10
            let key = below(keys)
            let call = call(values: values)
            let start = UInt64(moment - below(spread))
            if below(10) == 0 {
                if below(2) == 0 { states[key] = model.apply(call, to: states[key]).state }
                return Operation(client: number, key: key, call: call, calledAt: start, outcome: .unknown)
            }
            let (state, answer) = model.apply(call, to: states[key])
            states[key] = state
            let end = UInt64(moment + below(spread))
            return Operation(client: number, key: key, call: call, calledAt: start, outcome: .answered(answer, at: end))
        }
    }

    /// Answers as drawn: mostly impossible, sometimes possible.
    mutating func arbitrary(count: Int, values: Int) -> [Operation] {
        (0..<count).map { number in
            let call = call(values: values)
            let start = UInt64(below(40))
            let outcome: Operation.Outcome =
                below(5) == 0 ? .unknown : .answered(answer(to: call, values), at: start + UInt64(below(15)))
            return Operation(client: number, key: 0, call: call, calledAt: start, outcome: outcome)
        }
    }

    /// With one answer of the history replaced by another.
    mutating func mutated(_ history: [Operation], values: Int) -> [Operation] {
        var history = history
        let place = below(history.count)
        let old = history[place]
        guard case .answered(_, let end) = old.outcome else { return history }
        history[place] = Operation(
            client: old.client,
            key: old.key,
            call: old.call,
            calledAt: old.calledAt,
            outcome: .answered(answer(to: old.call, values), at: end)
        )
        return history
    }

    /// The same operations in another order.
    mutating func shuffled(_ history: [Operation]) -> [Operation] { history.shuffled(using: &random) }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private mutating func call(values: Int) -> Register.Call {
        switch below(5) {
        case 0, 1: .read
        case 2, 3: .write(below(values))
        default: .compareAndSet(expected: below(values), new: below(values))
        }
    }

    private mutating func answer(to call: Register.Call, _ values: Int) -> Register.Answer {
        switch call {
        case .read: .value(below(values + 1) == values ? nil : below(values))
        case .write: .written
        case .compareAndSet: .compared(matched: below(2) == 0)
        }
    }
}
