internal import Consensus
package import Directory
package import Kernel

/// A voter as another voter knows it: how links reach it, and from which data directory it may come.
package struct Introduction: Hashable, Sendable {
    package let spec: MemberSpec
    /// Nil while the state of the one that introduces does not name it.
    package let instance: Digest?

    package init(spec: MemberSpec, instance: Digest?) {
        self.spec = spec
        self.instance = instance
    }

    /// What a state says of these; whom it does not name is left out.
    package static func of(_ members: [MemberID], in records: [MemberRecord]) -> [Introduction] {
        members.compactMap { member in
            records.first { $0.spec.id == member }.map { Introduction(spec: $0.spec, instance: $0.instance) }
        }
    }
}

/// What one voter has said of who votes.
package struct VotersWord: Hashable, Sendable {
    package let voter: MemberID
    package let introductions: [Introduction]

    package init(by voter: MemberID, _ introductions: [Introduction]) {
        self.voter = voter
        self.introductions = introductions
    }
}

extension [VotersWord] {
    /// Everybody who is introduced, once each.
    package var introductions: [Introduction] {
        var known: Set<MemberID> = []
        return flatMap(\.introductions).filter { known.insert($0.spec.id).inserted }
    }
}

/// Voters of whom a node's own state need not know yet.
///
/// A member that was cut off while another joined refuses the newcomer as unknown, and if that one leads by now, it would
/// never hear that it is a member. A leader is to be listened to though the configuration that one knows lacks it (Raft
/// section 4.1), so a node that hears from none asks those it knows who the voters are. Voters are believed, and those whom they introduce: by the time the
/// node comes back, all the voters that it knew may have left, one after the other.
struct Introductions: Hashable, Sendable {
    /// What each voter has said last, in order of the voters.
    private(set) var words: [VotersWord]

    func names(_ member: MemberID) -> Bool {
        words.contains { $0.introductions.contains { $0.spec.id == member } }
    }

    /// When a leader was last heard, or this node began.
    private var quietSince: Instant
    private var askedAt: Instant?
    private let interval: Span

    /// - Parameters:
    ///   - words: What an earlier process of this node was told.
    ///   - interval: Of silence, before each question.
    init(_ words: [VotersWord], interval: Span, at now: Instant) {
        self.words = words
        self.interval = interval
        self.quietSince = now
    }

    /// When the next question is due, as long as no leader is heard.
    var askAt: Instant { max(quietSince, askedAt ?? quietSince).advanced(by: interval) }

    mutating func heardLeader(at now: Instant) { quietSince = now }
    mutating func asked(at now: Instant) { askedAt = now }

    /// These, and everybody who is introduced by one of them or by one who is introduced, nearest first.
    func believed(with voters: [MemberID]) -> [MemberID] {
        var believed = voters
        var place = 0
        while place < believed.count {
            let word = words.first { $0.voter == believed[place] }
            for introduction in word?.introductions ?? []
            where believed.count < Configuration.maxMembers && !believed.contains(introduction.spec.id) {
                believed.append(introduction.spec.id)
            }
            place += 1
        }
        return believed
    }

    /// - Returns: Whether this is news.
    mutating func received(_ introductions: [Introduction], from voter: MemberID) -> Bool {
        let word = VotersWord(by: voter, introductions)
        guard !words.contains(word) else { return false }
        words.removeAll { $0.voter == voter }
        words.append(word)
        words.sort { $0.voter < $1.voter }
        return true
    }

    /// Whoever has no vote any more, and is introduced by nobody who has, is not believed any longer.
    ///
    /// - Returns: Whether somebody was.
    mutating func keep(onlyWith voters: [MemberID]) -> Bool {
        let count = words.count
        let believed = believed(with: voters)
        words.removeAll { !believed.contains($0.voter) }
        return words.count < count
    }
}
