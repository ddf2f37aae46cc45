import NIOCore
import Replica
import Synchronization

/// Where every thread leaves what the node should hear of; the node's loop takes all of it at once.
///
/// Clients' writes that arrive together become one proposal, and so one append and one disk write.
final class Inbox: Sendable {
    struct Batch: Sendable {
        var inputs: [ReplicaNode.Input] = []
        var submissions: [ReplicaNode.Submission] = []
        var isEmpty: Bool { inputs.isEmpty && submissions.isEmpty }
    }

    private struct State: Sendable {
        var batch = Batch()
        var isScheduled = false
        var isOpen = true
        var droppedFrames: UInt64 = 0
        /// Nil until somebody takes what is posted.
        var drain: Drain?
    }

    /// Frames from peers beyond this are dropped, as a network may; consensus sends again.
    static let maxQueuedInputs = 8192

    private let state = Mutex(State())
    let loop: any EventLoop

    /// In a box of its own: a bare closure that is read out of a generic container is wrapped once more each time.
    private final class Drain: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(loop: any EventLoop) { self.loop = loop }

    /// Has `drain` called on the loop after each post that finds the inbox empty, and now if it is not: peers connect, and
    /// send, as soon as the node listens.
    func onPost(_ drain: @escaping @Sendable () -> Void) {
        let drain = Drain(drain)
        let isBehind = state.withLock { state in
            state.drain = drain
            state.isScheduled = !state.batch.isEmpty
            return state.isScheduled
        }
        if isBehind { loop.execute(drain.run) }
    }

    /// For what the node itself has asked for, of which there is never more than it has under way.
    func post(_ input: ReplicaNode.Input) {
        add { state in state.batch.inputs.append(input) }
    }

    /// For what comes from the network.
    func postFrame(_ input: ReplicaNode.Input) {
        add { state in
            if state.batch.inputs.count < Self.maxQueuedInputs {
                state.batch.inputs.append(input)
            } else {
                state.droppedFrames += 1
            }
        }
    }

    func submit(_ submission: ReplicaNode.Submission) {
        add { state in state.batch.submissions.append(submission) }
    }

    func take() -> Batch {
        state.withLock { state in
            defer {
                state.batch = Batch()
                state.isScheduled = false
            }
            return state.batch
        }
    }

    /// What is posted from now on is lost.
    func close() { state.withLock { $0.isOpen = false } }

    var droppedFrames: UInt64 { state.withLock { $0.droppedFrames } }

    private func add(_ change: (inout State) -> Void) {
        let drain: Drain? = state.withLock { state in
            guard state.isOpen else { return nil }
            change(&state)
            guard !state.isScheduled, let drain = state.drain else { return nil }
            state.isScheduled = true
            return drain
        }
        if let drain { loop.execute(drain.run) }
    }
}
