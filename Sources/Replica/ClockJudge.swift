import Decision
import Kernel

/// Judges this node's wall clock by its own steps and by what the others' messages are stamped with.
///
/// A leader's clock dates everything that the cluster agrees on. One that is wrong must not lead, and the rest must not
/// follow it: a leader a year ahead would expire every grant. DESIGN section 5.
struct ClockJudge: Hashable, Sendable {
    enum Verdict: Hashable, Sendable {
        case good
        /// The own clock has stepped lately and nothing has confirmed it since.
        case stepped
        /// The median of a quorum is further away than clocks may differ, by this many milliseconds.
        case wrong(offsetMilliseconds: Int64)
    }

    private struct Sample: Hashable, Sendable {
        let offset: Int64
        let at: Instant
    }

    private let rules: ClockRules
    private let sampleLife: Span
    /// Other voters, sorted, each with the newest sample.
    private var peers: [MemberID]
    private var samples: [Sample?]
    private var last: Moment
    private var steppedAt: Instant?

    init(peers: [MemberID], rules: ClockRules, sampleLife: Span, at now: Moment) {
        self.peers = peers.sorted()
        self.samples = Array(repeating: nil, count: peers.count)
        self.rules = rules
        self.sampleLife = sampleLife
        self.last = now
    }

    /// Judges by these voters from now on. What is known of those who stay is kept.
    mutating func follow(_ peers: [MemberID]) {
        let sorted = peers.sorted()
        samples = sorted.map { peer in self.peers.firstIndex(of: peer).flatMap { samples[$0] } }
        self.peers = sorted
    }

    /// Compares how far both own clocks have come since the last call, and says whether the wall clock has stepped.
    @discardableResult
    mutating func observeOwnClock(_ now: Moment) -> Bool {
        defer { last = now }
        let expected = last.wall.advanced(by: now.monotonic.elapsed(since: last.monotonic))
        guard abs(Self.offset(of: now.wall, from: expected)) > Int64(clamping: rules.maxClockError.milliseconds) else {
            return false
        }
        steppedAt = now.monotonic
        samples = Array(repeating: nil, count: peers.count)
        return true
    }

    mutating func observe(_ stamp: WallTime, from peer: MemberID, at now: Moment) {
        guard let place = peers.firstIndex(of: peer) else { return }
        samples[place] = Sample(offset: Self.offset(of: stamp, from: now.wall), at: now.monotonic)
    }

    /// Whether a stamp lies further in the future than two good clocks can differ.
    func isTooFarAhead(_ stamp: WallTime, at now: Moment) -> Bool {
        stamp > now.wall.advanced(by: rules.maxClockError)
    }

    /// Whether a message was longer on the way than good clocks can differ, as far as the two that dated it tell. What it
    /// proves of the present is then older than it seems.
    func isTooFarBehind(_ stamp: WallTime, at now: Moment) -> Bool {
        now.wall > stamp.advanced(by: rules.maxClockError)
    }

    /// Whether a quorum would take what this clock dates: its members' clocks are known not to lie further behind.
    ///
    /// What a leader dates before it knows that may be refused by all others, and stays in its log all the same: whoever
    /// holds it can then neither be elected to any effect nor vote for another, until that date has come.
    func isAcceptable(at now: Instant) -> Bool {
        let limit = Int64(clamping: rules.maxClockError.milliseconds)
        let takers = 1 + currentOffsets(at: now).count { $0 >= -limit }
        return takers > (peers.count + 1) / 2
    }

    /// Whether a quorum's clocks, this one among them, agree within the allowed error. If most clocks are right then, this
    /// one is.
    ///
    /// Only then does a leader's word on the time prove anything. One whose clock is far behind may lead while just one
    /// follower hears it; a node that has no newer proof, as after a restart, would take its date and count grants that
    /// have long ended. So nobody gets a proof from it, and knowledge ages until decisions stop.
    func isConfirmed(at now: Instant) -> Bool {
        let limit = Int64(clamping: rules.maxClockError.milliseconds)
        let agreeing = 1 + currentOffsets(at: now).count { abs($0) <= limit }
        return agreeing > (peers.count + 1) / 2
    }

    /// - Parameter freshness: What the cluster has proven of time, for a node that hears only its leader.
    func verdict(at now: Moment, freshness: Freshness?) -> Verdict {
        let limit = Int64(clamping: rules.maxClockError.milliseconds)
        let offsets = ([0] + currentOffsets(at: now.monotonic)).sorted()
        // With both a quorum and a majority of it elsewhere, it is this clock that is wrong.
        if offsets.count > (peers.count + 1) / 2, let median = Self.median(of: offsets), abs(median) > limit {
            return .wrong(offsetMilliseconds: median)
        }
        if let freshness {
            let estimate = freshness.provenAt.advanced(by: now.monotonic.elapsed(since: freshness.anchor))
            let distance = Self.offset(of: estimate, from: now.wall)
            if abs(distance) > 2 * limit { return .wrong(offsetMilliseconds: distance) }
        }
        guard let steppedAt, !peers.isEmpty else { return .good }
        // When all clocks were set at once nobody can confirm anybody, so suspicion ends by itself.
        let isConfirmed = offsets.count > (peers.count + 1) / 2
        let isOver = now.monotonic.elapsed(since: steppedAt) > sampleLife
        return isConfirmed || isOver ? .good : .stepped
    }

    func offsetMilliseconds(of peer: MemberID, at now: Instant) -> Int64? {
        guard let place = peers.firstIndex(of: peer), let sample = samples[place], isCurrent(sample, at: now) else {
            return nil
        }
        return sample.offset
    }

    private func currentOffsets(at now: Instant) -> [Int64] {
        samples.compactMap { sample in sample.flatMap { isCurrent($0, at: now) ? $0.offset : nil } }
    }

    private func isCurrent(_ sample: Sample, at now: Instant) -> Bool { now.elapsed(since: sample.at) <= sampleLife }

    /// The middle one; of two, the lower. Two clocks alone cannot tell which of them is wrong, but only what the one that is
    /// behind dates is taken by the other, so that one is to lead.
    private static func median(of sorted: [Int64]) -> Int64? {
        sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }

    private static func offset(of time: WallTime, from base: WallTime) -> Int64 {
        time >= base
            ? Int64(clamping: time.milliseconds - base.milliseconds)
            : -Int64(clamping: base.milliseconds - time.milliseconds)
    }
}
