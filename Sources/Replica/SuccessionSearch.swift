import Kernel

/// Whom a node has asked how voters came from those that it knows, and what it may be told of it.
struct SuccessionSearch: Hashable, Sendable {
    private var askedAt: Instant?
    private var asked: MemberID?
    private var isAwaited = false

    private static let pause = Span.seconds(1)

    /// Each in turn, a second after the one before: whoever gives cause to ask may have made it up.
    ///
    /// - Parameter sources: Ascending.
    mutating func next(among sources: [MemberID], at now: Instant) -> MemberID? {
        guard askedAt.map({ now.elapsed(since: $0) >= Self.pause }) ?? true,
            let source = sources.first(where: { id in asked.map { id > $0 } ?? true }) ?? sources.first
        else { return nil }
        (askedAt, asked, isAwaited) = (now, source, true)
        return source
    }

    /// One answer to each question.
    mutating func takesAnswer(of sender: MemberID) -> Bool {
        guard isAwaited, asked == sender else { return false }
        isAwaited = false
        return true
    }
}
