/// A call of one client on one object, with what came of it: one line of a history.
///
/// Times are readings of one clock that all clients share, in any unit. Two operations are concurrent unless one
/// returned before the other was called; at equal times they are.
package struct RecordedOperation<Key: Hashable & Comparable & Sendable, Model: SequentialModel>: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// An answer that is dated before its call counts as given at the call.
        case answered(Model.Answer, at: UInt64)
        /// Nobody knows: it takes effect at any time after the call, or never.
        case unknown
    }

    package let client: Int
    /// Which object. Objects are independent of each other.
    package let key: Key
    package let call: Model.Call
    package let calledAt: UInt64
    package let outcome: Outcome

    package init(client: Int, key: Key, call: Model.Call, calledAt: UInt64, outcome: Outcome) {
        self.client = client
        self.key = key
        self.call = call
        self.calledAt = calledAt
        self.outcome = outcome
    }
}

extension RecordedOperation: CustomStringConvertible {
    package var description: String {
        switch outcome {
        case .answered(let answer, let time): "client \(client) \(call) -> \(answer) [\(calledAt), \(time)]"
        case .unknown: "client \(client) \(call) -> unknown [\(calledAt), ...]"
        }
    }
}
