package import Kernel

/// When a node renews its certificate, and whom it asks: a value that is told the time.
///
/// A certificate is due at half of its life. A node that can issue certificates asks itself first; then come the other
/// voters, connected ones before the rest. A round in which nobody helped is followed by a pause, twice as long each time,
/// but short enough for a dozen more before the certificate ends. Others know the node by this very certificate: once it
/// has ended only the node itself is left to be asked.
///
/// Pauses are of monotonic time and what they lead to is judged anew at each look, at least once in `longestWait`: a wall
/// clock that jumps, either way, is noticed by then.
package struct CertificateRenewal: Hashable, Sendable {
    package struct Voter: Hashable, Sendable {
        package let member: MemberID
        package let isConnected: Bool

        package init(_ member: MemberID, isConnected: Bool) {
            self.member = member
            self.isConnected = isConnected
        }
    }

    package enum Step: Hashable, Sendable {
        /// Look again after this, or earlier.
        case wait(Span)
        /// Ask this voter; the node's own id means its own authority. Whatever comes of it: `renewed`, or just look again.
        case ask(MemberID)
    }

    /// Of the certificate in use.
    package private(set) var validity: CertificateValidity
    private let own: MemberID
    private let canIssue: Bool
    /// In the round under way; at most one entry a voter.
    private var asked: [MemberID] = []
    private var fruitlessRounds: UInt64 = 0
    /// Nil while a round is under way.
    private var roundEnded: Instant?

    package static let longestWait = Span.seconds(10)
    private static let longestPauseAfterEnd = Span.seconds(60)
    private static let shortestPause = Span.seconds(1)
    private static let longestPause = Span.seconds(3600)

    /// - Parameter canIssue: Whether the node has an authority of its own.
    package init(_ validity: CertificateValidity, of own: MemberID, canIssue: Bool) {
        self.validity = validity
        self.own = own
        self.canIssue = canIssue
    }

    /// - Parameter voters: As the node knows them now; itself may be among them.
    package mutating func next(_ voters: [Voter], at now: Moment) -> Step {
        guard isDue(at: now.wall) else {
            startOver()
            return .wait(min(Self.longestWait, validity.halfway.elapsed(since: now.wall)))
        }
        if let pause = remainingPause(at: now) { return .wait(min(Self.longestWait, pause)) }
        roundEnded = nil
        if let member = candidates(voters, at: now.wall).first(where: { !asked.contains($0) }) {
            asked.append(member)
            return .ask(member)
        }
        asked = []
        fruitlessRounds += 1
        roundEnded = now.monotonic
        return .wait(min(Self.longestWait, pause(at: now.wall)))
    }

    package mutating func renewed(_ validity: CertificateValidity) {
        self.validity = validity
        startOver()
    }

    /// Whether a certificate is worth having in place of the present one: an issuer near its own end gives no longer one.
    package func isImproved(by other: CertificateValidity, at now: WallTime) -> Bool {
        other.contains(now) && (validity.notAfter < other.notAfter || !validity.contains(now))
    }

    /// When the next attempt is to be expected, if the wall clock goes on as it does.
    package func nextAttempt(at now: Moment) -> WallTime {
        guard isDue(at: now.wall) else { return validity.halfway }
        return now.wall.advanced(by: remainingPause(at: now) ?? .zero)
    }

    /// Also before it begins: then a clock was wrong when it was issued, or is wrong now.
    private func isDue(at now: WallTime) -> Bool { validity.halfway <= now || now < validity.notBefore }

    private mutating func startOver() {
        asked = []
        fruitlessRounds = 0
        roundEnded = nil
    }

    /// Each node begins after its own place in the order, so that nodes made together do not all ask the same voter.
    private func candidates(_ voters: [Voter], at now: WallTime) -> [MemberID] {
        let others = validity.hasEnded(by: now) ? [] : voters.filter { $0.member != own }.sorted { rank($0) < rank($1) }
        return (canIssue ? [own] : []) + others.map(\.member)
    }

    private func rank(_ voter: Voter) -> (Int, Int, MemberID) {
        (voter.isConnected ? 0 : 1, voter.member < own ? 1 : 0, voter.member)
    }

    private func remainingPause(at now: Moment) -> Span? {
        guard let end = roundEnded?.advanced(by: pause(at: now.wall)), now.monotonic < end else { return nil }
        return end.elapsed(since: now.monotonic)
    }

    private func pause(at now: WallTime) -> Span {
        let doubled = Span.seconds(1 << min(fruitlessRounds - min(fruitlessRounds, 1), 16))
        guard !validity.hasEnded(by: now) else { return min(doubled, Self.longestPauseAfterEnd) }
        let share = Span(microseconds: validity.remaining(at: now).microseconds / 16)
        return min(doubled, max(Self.shortestPause, min(share, Self.longestPause)))
    }
}
