package import Kernel

/// Nodes by what they are labelled with: all of the labels, or, where there are none, every node.
package struct Ring: Hashable, Sendable, CustomStringConvertible {
    /// Empty for all nodes.
    package let labels: Labels

    package init(_ labels: Labels) { self.labels = labels }

    package static let all = Ring(.none)

    package func contains(_ node: Labels) -> Bool { labels.entries.allSatisfy { node[$0.key] == $0.value } }

    /// As on the command line.
    package var description: String {
        labels.isEmpty ? "all" : labels.entries.map(\.description).joined(separator: ",")
    }
}

/// A version of a policy set that comes into force ring by ring.
package struct RolloutSpec: Hashable, Sendable {
    package let set: String
    package let version: UInt64
    /// In the order in which they are opened; what was opened stays open. After the last one the version is in force everywhere.
    package let rings: [Ring]
    /// How long each ring has to be healthy before the next one is opened, in log time.
    package let soak: Span
    /// Of a million decisions, how many may be others than under the version before.
    package let changedPerMillion: UInt32
    /// How many decisions of a ring have to be compared before the next one is opened.
    package let minimumDecisions: UInt32

    package static let ringLimit = 8
    package static let soakRange = Span.seconds(1)...Span.seconds(7 * 86_400)
    package static let million: UInt32 = 1_000_000
    package static let defaultSoak = Span.seconds(600)
    package static let defaultChangedPerMillion: UInt32 = 10_000
    package static let defaultMinimumDecisions: UInt32 = 100

    package init(
        set: String,
        version: UInt64,
        rings: [Ring],
        soak: Span = defaultSoak,
        changedPerMillion: UInt32 = defaultChangedPerMillion,
        minimumDecisions: UInt32 = defaultMinimumDecisions
    ) {
        self.set = set
        self.version = version
        self.rings = rings
        self.soak = soak
        self.changedPerMillion = changedPerMillion
        self.minimumDecisions = minimumDecisions
    }

    var isValid: Bool {
        (1...Self.ringLimit).contains(rings.count) && rings.allSatisfy(\.labels.isValid)
            && Set(rings).count == rings.count && Self.soakRange.contains(soak)
            && changedPerMillion <= Self.million && minimumDecisions <= Self.million
    }

    /// Between two reports of one node.
    package var reportInterval: Span { .milliseconds(min(600_000, max(1000, soak.milliseconds / 5))) }

    /// Whether enough was counted to say that too much has changed.
    package func isExceeded(by counts: RolloutCounts) -> Bool {
        counts.decisions >= UInt64(minimumDecisions) && counts.exceeds(changedPerMillion: changedPerMillion)
    }
}

/// What an administrator does to a roll-out under way.
package enum RolloutAct: Hashable, Sendable {
    /// Opens the next ring now, whatever was counted; past the last one, puts the version in force everywhere.
    ///
    /// - Parameter stage: The newest ring that is open, so that a second attempt opens no second ring.
    case advance(from: UInt32)
    case halt
    case resume
    /// Everybody decides by the version before again, and the roll-out is over.
    case abort

    package var name: String {
        switch self {
        case .advance: "advance"
        case .halt: "halt"
        case .resume: "resume"
        case .abort: "abort"
        }
    }
}

/// Decisions that a node has made by the new version and compared with those that the one before would have made.
package struct RolloutCounts: Hashable, Sendable {
    package var decisions: UInt64
    package var nowDenied: UInt64
    package var nowAllowed: UInt64
    /// Decided alike, but with a policy of the new version that failed where none of the one before did.
    package var failures: UInt64

    package static let none = RolloutCounts()

    package init(decisions: UInt64 = 0, nowDenied: UInt64 = 0, nowAllowed: UInt64 = 0, failures: UInt64 = 0) {
        self.decisions = decisions
        self.nowDenied = nowDenied
        self.nowAllowed = nowAllowed
        self.failures = failures
    }

    /// Of a report that may say anything.
    var isValid: Bool {
        // Far enough below the width of the numbers that shares of them can be computed.
        let limit: UInt64 = 1 << 40
        return [decisions, nowDenied, nowAllowed, failures].allSatisfy { $0 <= limit } && changed <= decisions
    }

    /// What the bound is about.
    package var changed: UInt64 { nowDenied + nowAllowed + failures }

    /// Whether more of them are others than the bound allows. Of none, nothing is.
    package func exceeds(changedPerMillion bound: UInt32) -> Bool {
        changed * UInt64(RolloutSpec.million) > decisions * UInt64(bound)
    }

    static func + (lhs: RolloutCounts, rhs: RolloutCounts) -> RolloutCounts {
        RolloutCounts(
            decisions: lhs.decisions + rhs.decisions,
            nowDenied: lhs.nowDenied + rhs.nowDenied,
            nowAllowed: lhs.nowAllowed + rhs.nowAllowed,
            failures: lhs.failures + rhs.failures
        )
    }

    /// The same shares of at most so many decisions, rounded down.
    func scaled(to limit: UInt64) -> RolloutCounts {
        guard decisions > limit else { return self }
        func scaled(_ count: UInt64) -> UInt64 { count * limit / decisions }
        return RolloutCounts(
            decisions: limit,
            nowDenied: scaled(nowDenied),
            nowAllowed: scaled(nowAllowed),
            failures: scaled(failures)
        )
    }
}

/// Which stage of which roll-out: what was counted in one says nothing of another, nor of one that soaks once more.
package struct RolloutStage: Hashable, Sendable {
    package let set: String
    /// When its newest ring was opened, or began to soak once more, in log time.
    package let openedAt: WallTime
    /// Place of the newest ring that is open.
    package let number: UInt32

    package init(set: String, openedAt: WallTime, number: UInt32) {
        self.set = set
        self.openedAt = openedAt
        self.number = number
    }
}

/// What a node in an open ring says of itself. The caller of the command is that node.
package struct RolloutReport: Hashable, Sendable {
    package let stage: RolloutStage
    package let counts: RolloutCounts
    /// The node cannot put the version in force, and goes on deciding by the one before.
    package let isFailed: Bool

    package init(stage: RolloutStage, counts: RolloutCounts, isFailed: Bool = false) {
        self.stage = stage
        self.counts = counts
        self.isFailed = isFailed
    }
}
