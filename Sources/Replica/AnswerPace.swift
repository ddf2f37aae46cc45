import Kernel

/// How often whoever asks is answered where the answer costs much more than the question: each for itself, so that nobody's
/// questions keep another from being answered.
struct AnswerPace: Sendable {
    /// Between two answers to the same node.
    let pause: Span
    /// Looked up, never gone through.
    private var answeredAt: [MemberID: Instant] = [:]
    /// More than a cluster has nodes. Past it everybody may ask anew.
    private static let limit = 4096

    init(pause: Span) { self.pause = pause }

    func isDue(_ asker: MemberID, at now: Instant) -> Bool {
        answeredAt[asker].map { now.elapsed(since: $0) >= pause } ?? true
    }

    mutating func answered(_ asker: MemberID, at now: Instant) {
        if answeredAt.count >= Self.limit { answeredAt = [:] }
        answeredAt[asker] = now
    }
}
