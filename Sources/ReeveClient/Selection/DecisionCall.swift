package import Kernel

/// One question from its first request to its end: whom it is put to, when somebody else is asked too, which answer counts.
///
/// The nearest node is asked first. One that fails is followed at once by the next; one that is slow gets company after its
/// usual time, once. An answer from a state before `floor` does not count; when nobody has a newer one, all are asked
/// again after a pause, until the deadline. A node waits for the floor a moment by itself before it says that it is behind;
/// one of an older build answers at once. Nothing that is not an answer ever becomes one.
package struct DecisionCall: Hashable, Sendable {
    package enum Input: Hashable, Sendable {
        case begin
        /// A decision came, made from the state at this revision.
        case decided(attempt: Int, revision: UInt64)
        /// The node has waited for the floor, and has not reached it.
        case behind(attempt: Int)
        /// The node answered that it cannot decide now; what it said is a denial that may be passed on if nobody else can.
        case unable(attempt: Int)
        /// The question itself was refused, as any node would refuse it.
        case refused(attempt: Int)
        /// No answer, or one that says that the node does not serve.
        case failed(attempt: Int)
        /// A moment has come that `wake` named.
        case woke
    }

    package enum Effect: Hashable, Sendable {
        case ask(NodeAddress, attempt: Int)
        case wake(at: Instant)
        /// Nothing follows it; what is on its way is to be cancelled.
        case finish(Outcome)
    }

    package enum Outcome: Hashable, Sendable {
        /// What this attempt brought.
        case answer(attempt: Int)
        /// Every node that answered was behind; of those that decided all the same, the newest had this revision.
        case behind(newest: UInt64?)
        /// Every node failed.
        case unavailable
        case timedOut
    }

    /// Nodes that are asked in one round, before it counts as failed.
    package static let maximumRoundCount = 4
    /// Between two rounds where every node was behind; twice as long after each, but no longer than the second.
    static let (firstPause, longestPause) = (Span.milliseconds(2), Span.milliseconds(50))

    private struct Attempt: Hashable, Sendable {
        let node: NodeAddress
        let started: Instant
        var isWaiting = true
    }

    package let floor: UInt64
    package let deadline: Instant
    private var attempts: [Attempt] = []
    /// Place in `attempts` of the first one of this round.
    private var roundStart = 0
    private var hedgeAt: Instant?
    private var pause = firstPause
    private var roundAt: Instant?
    private var isBehind = false
    private var newest: UInt64?
    private var fallback: Int?
    private var isFinished = false

    package init(floor: UInt64, deadline: Instant) {
        self.floor = floor
        self.deadline = deadline
    }

    package mutating func step(_ input: Input, at now: Instant, _ nodes: inout NodeSelection) -> [Effect] {
        guard !isFinished else { return [] }
        switch input {
        case .begin: return begin(at: now, &nodes)
        case .decided(let attempt, let revision):
            return end(of: attempt) { call, it in
                nodes.answered(it.node, after: now.elapsed(since: it.started), at: now)
                guard revision < call.floor else { return call.finish(.answer(attempt: attempt), at: now, &nodes) }
                call.newest = max(call.newest ?? 0, revision)
                call.isBehind = true
                return call.askNext(at: now, &nodes)
            }
        case .behind(let attempt):
            return end(of: attempt) { call, it in
                // It was slow to answer, and is well.
                nodes.answered(it.node, after: now.elapsed(since: it.started), at: now)
                call.isBehind = true
                return call.askNext(at: now, &nodes)
            }
        case .refused(let attempt):
            return end(of: attempt) { call, it in
                nodes.answered(it.node, after: now.elapsed(since: it.started), at: now)
                return call.finish(.answer(attempt: attempt), at: now, &nodes)
            }
        case .unable(let attempt):
            return end(of: attempt) { call, it in
                nodes.failed(it.node, askedAt: it.started, at: now)
                call.fallback = call.fallback ?? attempt
                return call.askNext(at: now, &nodes)
            }
        case .failed(let attempt):
            return end(of: attempt) { call, it in
                nodes.failed(it.node, askedAt: it.started, at: now)
                return call.askNext(at: now, &nodes)
            }
        case .woke: return wake(at: now, &nodes)
        }
    }

    private mutating func begin(at now: Instant, _ nodes: inout NodeSelection) -> [Effect] {
        nodes.countCall()
        return askNext(at: now, &nodes)
    }

    /// An attempt ends once.
    private mutating func end(of number: Int, _ body: (inout Self, Attempt) -> [Effect]) -> [Effect] {
        guard attempts.indices.contains(number), attempts[number].isWaiting else { return [] }
        attempts[number].isWaiting = false
        return body(&self, attempts[number])
    }

    private mutating func askNext(at now: Instant, _ nodes: inout NodeSelection) -> [Effect] {
        let asked = attempts[roundStart...]
        if now < deadline, asked.count < Self.maximumRoundCount,
            let node = nodes.order.first(where: { node in !asked.contains { $0.node == node } })
        {
            return ask(node, at: now, nodes)
        }
        guard !attempts.contains(where: \.isWaiting) else { return [] }
        guard isBehind, now < deadline else { return finish(failure(at: now), at: now, &nodes) }
        let next = now.advanced(by: pause)
        pause = min(Self.longestPause, Span(microseconds: pause.microseconds * 2))
        roundAt = next
        return [.wake(at: min(next, deadline))]
    }

    private mutating func ask(_ node: NodeAddress, at now: Instant, _ nodes: NodeSelection) -> [Effect] {
        attempts.append(Attempt(node: node, started: now))
        var effects = [Effect.ask(node, attempt: attempts.count - 1)]
        guard attempts.count == 1 else { return effects }
        let hedge = now.advanced(by: nodes.hedgeDelay(of: node))
        hedgeAt = hedge
        if hedge < deadline { effects.append(.wake(at: hedge)) }
        effects.append(.wake(at: deadline))
        return effects
    }

    private mutating func wake(at now: Instant, _ nodes: inout NodeSelection) -> [Effect] {
        guard now < deadline else { return finish(failure(at: now), at: now, &nodes) }
        if let roundAt, roundAt <= now {
            self.roundAt = nil
            roundStart = attempts.count
            return askNext(at: now, &nodes)
        }
        guard let hedgeAt, hedgeAt <= now else { return [] }
        self.hedgeAt = nil
        // Who failed in the meantime has been followed by another already.
        guard attempts.count == 1, attempts[0].isWaiting, nodes.nodes.count > 1, nodes.takeHedge() else { return [] }
        return askNext(at: now, &nodes)
    }

    /// What to say where no answer counts, the most telling first.
    private func failure(at now: Instant) -> Outcome {
        if isBehind { return .behind(newest: newest) }
        if let fallback { return .answer(attempt: fallback) }
        return now < deadline ? .unavailable : .timedOut
    }

    private mutating func finish(_ outcome: Outcome, at now: Instant, _ nodes: inout NodeSelection) -> [Effect] {
        for attempt in attempts where attempt.isWaiting {
            nodes.outwaited(attempt.node, after: now.elapsed(since: attempt.started))
        }
        isFinished = true
        return [.finish(outcome)]
    }
}
