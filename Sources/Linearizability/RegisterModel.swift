/// A register that is read, written, and compared and set. Holds nothing at first, unless told otherwise.
package struct RegisterModel<Value: Hashable & Sendable>: SequentialModel {
    package enum Call: Hashable, Sendable {
        case read
        case write(Value)
        /// Sets the register if it holds what is expected.
        case compareAndSet(expected: Value, new: Value)
    }

    package enum Answer: Hashable, Sendable {
        case value(Value?)
        case written
        case compared(matched: Bool)
    }

    package let initial: Value?

    package init(initial: Value? = nil) { self.initial = initial }

    package func apply(_ call: Call, to state: Value?) -> (state: Value?, answer: Answer) {
        switch call {
        case .read: (state, .value(state))
        case .write(let value): (value, .written)
        case .compareAndSet(let expected, let new):
            state == expected ? (new, .compared(matched: true)) : (state, .compared(matched: false))
        }
    }

    package func forgets(_ call: Call) -> Bool { if case .write = call { true } else { false } }
}
