package import Directory
package import Kernel

/// What goes wrong, or is repaired, in the world around the nodes. All choices are in here: carrying one out draws
/// nothing but latencies.
package enum Fault: Hashable, Sendable {
    /// Cuts a node off from all others, both ways.
    case isolate(NodeSelector)
    /// Members of different groups do not hear each other; nodes that are not named form a group of their own.
    case split([[NodeSelector]])
    /// What one node sends the other does not arrive; the other way it may. Both ways it is a partition that does not follow
    /// from who is on which side.
    case cut(from: NodeSelector, to: NodeSelector)
    /// What one node sends the other is held up for so long, and then arrives all at once.
    case clog(from: NodeSelector, to: NodeSelector, for: Span)
    case healNetwork
    case network(NetworkQuality)
    case crash(NodeSelector, Crash, downFor: Span)
    /// Crashes the node while its next write to the log is under way.
    case crashDuringWrite(NodeSelector, Crash, downFor: Span)
    /// Whoever is elected next crashes in the midst of the step that makes it the leader: of what it asks for then only the
    /// first few things are done. Several of these hit as many elections, one after the other.
    case crashWhenElected(Crash, downFor: Span)
    /// An operator puts the newest program on a machine, and restarts its node gracefully if that runs an older one.
    case upgrade(NodeSelector, downFor: Span)
    /// An operator raises the level of the log's language to the newest: once every machine runs a program that knows it, or
    /// without asking, as soon as one voter does. The nodes of older programs halt then.
    case raiseFeatureLevel(asks: Bool)
    /// Somebody steals a credential that is made for it, and uses it; after so long it is noticed, and an operator takes the credential
    /// away. The thief goes on: he asks every node for decisions, and for all that an administrator may do.
    case theft(Loot, noticedAfter: Span)
    /// A graceful stop: the node may hand over its leadership first.
    case stop(NodeSelector, downFor: Span)
    /// Crashes the node so many times, one crash every so often, for half of that each.
    case crashLoop(NodeSelector, Crash, times: UInt64, every: Span)
    /// The operating system does not let the process run for so long, as after SIGSTOP or while its machine is suspended: it keeps
    /// its memory, its clocks go on, and then it is given its late timers and all that has come meanwhile at once.
    case pause(NodeSelector, for: Span)
    /// Makes each write to the log take so many times as long.
    case slowDisk(NodeSelector, factor: UInt64)
    /// No write to the log ends until the disk is repaired, or made faster or slower.
    case hangDisk(NodeSelector)
    /// There is no room on the node's disk for so long: nothing is written to the log or the state.
    case fillDisk(NodeSelector, for: Span)
    /// The disk reports an error for the node's next write to the log, upon which the process ends: who knows what is written?
    case failWrite(NodeSelector, downFor: Span)
    /// Bit rot: the last so many entries of the node's log do not read back any more, but for the newest `sparing`. Left
    /// out while another node has damage, since nobody promises to survive the loss of a quorum.
    case rotLog(NodeSelector, entries: UInt64, sparing: UInt64)
    /// The disk has put the newest entry of the node's log so many entries further back, over what was there. Left out as `rotLog`.
    case misdirectWrite(NodeSelector, back: UInt64)
    /// Log and state of a member are gone, and so is its process; it starts again under the identity that it had. Left out
    /// where another disk is not whole, or where somebody does not know yet which data directory is the member's.
    case wipeDisks(NodeSelector)
    /// What would stop every node that applied it is put on its way into the log.
    case poison(Poison, at: NodeSelector)
    /// An operator saves the state of a node that serves.
    case backup(NodeSelector)
    /// Everything stops, and a new cluster of the same lineage goes on from the newest backup.
    case restoreBackup(RevocationsFate)
    /// A machine that is no voter lies to everybody for so long. Waits until there is one of that kind.
    case byzantine(Liar, for: Span)
    /// An operator has the leader hand over to a member.
    case handOver(to: NodeSelector)
    case stepClock(NodeSelector, milliseconds: Int64)
    /// An operator revokes so many of the agents that exist at once, or as many as there are.
    case revokeAgents(count: UInt64)
    /// A revoker brings a node statements against so many of the agents that exist, which the log has yet to hear of.
    case state(NodeSelector, agents: UInt64, RevocationKind)
    case correctClocks
    /// Restarts what is down, mends network, disks and clocks.
    case repairAll
}

package enum Crash: Hashable, Sendable {
    /// The process ends; writes of the log that it handed to the operating system survive.
    case process
    /// The machine loses power.
    case power
}

/// A command that no node could apply, and how it comes to a node.
package struct Poison: Hashable, Sendable {
    package enum Command: Hashable, CaseIterable, Sendable {
        /// Bytes of which no codec makes a command.
        case undecodable
        /// A command of a feature level that no node supports.
        case tooNew
    }

    package enum Path: Hashable, CaseIterable, Sendable {
        /// A client asks the node for it.
        case client
        /// It comes over the node's links to its peers, as if the node had taken it from a client.
        case peers
    }

    package let command: Command
    package let path: Path

    package init(_ command: Command, through path: Path) {
        self.command = command
        self.path = path
    }
}

/// What becomes of revocations that a backup does not know.
package enum RevocationsFate: Hashable, CaseIterable, Sendable {
    /// Those that are left of the old cluster tell.
    case merged
    /// Nobody is left to tell: every principal starts quarantined.
    case lost
}

/// Who lies.
package enum Liar: Hashable, CaseIterable, Sendable {
    /// A machine that is no member.
    case outsider
    case learner
    /// It lies to its neighbours, and keeps from them what it is to pass on.
    case edge

    /// Those that a seed with members besides the voters may have.
    package static let members: [Liar] = [.outsider, .learner]
}

/// What is stolen.
package enum Loot: Hashable, CaseIterable, Sendable {
    /// The key of an administrator.
    case administrator
    /// A token of an agent that may read.
    case token
}

/// Which node a fault hits, found when it happens.
package enum NodeSelector: Hashable, Sendable {
    /// Counted from 0.
    case node(Int)
    /// The member that leads in the highest term. Waits until there is one.
    case leader
    /// The first running member that does not lead.
    case follower
}

/// What a fault of a scenario may wait for.
package enum Occasion: Hashable, Sendable {
    /// A member begins to lead.
    case leaderElected
    /// A machine has joined, as a learner or an edge.
    case memberAdded
    /// A member has got its vote.
    case memberPromoted
    case memberRemoved
    /// A leader sends a snapshot's first chunk.
    case snapshotSent
    /// That revision is committed.
    case revisionReached(UInt64)
    /// A fault of that name has happened, of the file's or the seed's.
    case faultHappened(String)

    package static let revisions: ClosedRange<UInt64> = 1...1_000_000_000

    package var summary: String {
        switch self {
        case .leaderElected: "a leader is elected"
        case .memberAdded: "a machine has joined"
        case .memberPromoted: "a member gets its vote"
        case .memberRemoved: "a member is removed"
        case .snapshotSent: "a snapshot is sent"
        case .revisionReached(let revision): "revision \(revision) is committed"
        case .faultHappened(let name): "\(name) has happened"
        }
    }

    /// - Parameter event: What has just happened; for revisions, how far the log is committed.
    func isMet(by event: Occasion) -> Bool {
        if case .revisionReached(let wanted) = self, case .revisionReached(let revision) = event {
            return revision >= wanted
        }
        return self == event
    }
}

package struct TimedFault: Hashable, Sendable {
    /// When it happens; with an occasion, before when it does not.
    package let time: Instant
    /// What it waits for, from that time on; it happens once.
    package let occasion: Occasion?
    /// How long after the occasion.
    package let delay: Span
    package let fault: Fault

    package init(at time: Instant, when occasion: Occasion? = nil, after delay: Span = .zero, _ fault: Fault) {
        self.time = time
        self.occasion = occasion
        self.delay = delay
        self.fault = fault
    }

    /// For people: when, and what.
    package var summary: String {
        let start = occasion == nil || time > .zero ? "at \(time.microseconds / 1000) ms" : ""
        let occasion = occasion.map { "when \($0.summary)" } ?? ""
        return "\(start)\(start.isEmpty || occasion.isEmpty ? "" : ", ")\(occasion): \(fault.summary)"
    }

    func flaw(in scenario: Scenario) -> String? {
        guard delay <= scenario.duration else { return "a fault would come \(delay) after its occasion" }
        let end = Instant.zero.advanced(by: scenario.duration)
        guard time <= end else { return "a fault at \(time) lies past the end at \(end)" }
        for case .node(let number) in fault.selectors where number >= scenario.namedCount {
            return "a fault names n\(number + 1), but there are \(scenario.namedCount) members and edges"
        }
        return nil
    }
}

extension Fault {
    package var selectors: [NodeSelector] {
        switch self {
        case .isolate(let node), .crash(let node, _, _), .crashDuringWrite(let node, _, _), .stop(let node, _),
            .upgrade(let node, _),
            .slowDisk(let node, _), .hangDisk(let node), .rotLog(let node, _, _), .stepClock(let node, _),
            .wipeDisks(let node), .poison(_, let node), .backup(let node), .state(let node, _, _),
            .crashLoop(let node, _, _, _), .pause(let node, _), .fillDisk(let node, _), .failWrite(let node, _),
            .misdirectWrite(let node, _):
            [node]
        case .cut(let from, let to), .clog(let from, let to, _): [from, to]
        case .handOver(let node): [node, .leader]
        case .split(let groups): groups.flatMap { $0 }
        case .crashWhenElected, .restoreBackup, .byzantine, .theft, .raiseFeatureLevel, .healNetwork, .network,
            .revokeAgents,
            .correctClocks, .repairAll:
            []
        }
    }
}

/// How the network treats each message.
package struct NetworkQuality: Hashable, Sendable {
    package var minimumLatency: Span
    /// Mean of what comes on top, with an exponential tail.
    package var meanExtraLatency: Span
    package var lossPPM: UInt64
    package var duplicationPPM: UInt64
    /// Whether a later message may arrive before an earlier one of the same link.
    package var reorders: Bool
    /// What a link carries one way, in bytes a second: each frame waits until those before it are through. Nil for any amount.
    package var bandwidth: UInt64?

    package static let bandwidths: ClosedRange<UInt64> = 100...1_000_000_000

    package init(
        minimumLatency: Span = Span(microseconds: 200),
        meanExtraLatency: Span = Span(microseconds: 300),
        lossPPM: UInt64 = 0,
        duplicationPPM: UInt64 = 0,
        reorders: Bool = false,
        bandwidth: UInt64? = nil
    ) {
        self.minimumLatency = minimumLatency
        self.meanExtraLatency = meanExtraLatency
        self.lossPPM = lossPPM
        self.duplicationPPM = duplicationPPM
        self.reorders = reorders
        self.bandwidth = bandwidth
    }

    package static let good = NetworkQuality()
}
