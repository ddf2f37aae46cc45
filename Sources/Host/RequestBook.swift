import Kernel
import Replica
import Synchronization

/// The callers that wait for a reply. The node answers each at its deadline at the latest.
final class RequestBook: Sendable {
    private struct State: Sendable {
        var next: UInt64 = 0
        var waiting: [RequestID: CheckedContinuation<ReplicaNode.Reply, Never>] = [:]
        var isOpen = true
    }

    private let state = Mutex(State())

    /// Waits for the reply to the request that `send` makes.
    func reply(to send: (RequestID) -> Void) async -> ReplicaNode.Reply {
        await withCheckedContinuation { continuation in
            let id: RequestID? = state.withLock { state in
                guard state.isOpen else { return nil }
                state.next += 1
                let id = RequestID(state.next)
                state.waiting[id] = continuation
                return id
            }
            guard let id else { return continuation.resume(returning: .refused(.shuttingDown)) }
            send(id)
        }
    }

    func resume(_ id: RequestID, with reply: ReplicaNode.Reply) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: reply)
    }

    /// Answers whoever still waits, when the node is gone.
    func close() {
        let rest = state.withLock { state in
            state.isOpen = false
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.self)
        }
        for continuation in rest { continuation.resume(returning: .outcomeUnknown) }
    }
}
