import Linearizability

/// Makes a history of the lines of a log. The place of a line is its time.
struct HistoryBuilder<Model: SequentialModel> {
    typealias Operation = RecordedOperation<String, Model>

    private struct Call {
        let key: String
        let call: Model.Call
        let calledAt: UInt64
    }

    private var open: [Int: Call] = [:]
    private var operations: [Operation] = []
    private var time: UInt64 = 0

    /// A client calls. What it called before, if it never heard of it, is of unknown outcome.
    mutating func called(_ client: Int, _ key: String, _ call: Model.Call) {
        time += 1
        end(client) { _ in .unknown }
        open[client] = Call(key: key, call: call, calledAt: time)
    }

    mutating func answered(_ client: Int, _ answer: Model.Answer) throws(BadCase) {
        time += 1
        guard end(client, { .answered(answer, at: $0) }) else {
            throw BadCase("client \(client) is answered and did not ask")
        }
    }

    /// The client does not know what came of it.
    mutating func lost(_ client: Int) throws(BadCase) {
        guard end(client, { _ in .unknown }) else { throw BadCase("client \(client) lost what it did not ask") }
    }

    /// It had no effect and told nothing.
    mutating func refused(_ client: Int) throws(BadCase) {
        guard open.removeValue(forKey: client) != nil else {
            throw BadCase("client \(client) is refused what it did not ask")
        }
    }

    mutating func finish() -> [Operation] {
        for client in open.keys.sorted() { end(client) { _ in .unknown } }
        return operations
    }

    @discardableResult
    private mutating func end(_ client: Int, _ outcome: (UInt64) -> Operation.Outcome) -> Bool {
        guard let call = open.removeValue(forKey: client) else { return false }
        operations.append(
            Operation(client: client, key: call.key, call: call.call, calledAt: call.calledAt, outcome: outcome(time))
        )
        return true
    }
}

/// A case that cannot be read.
struct BadCase: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
