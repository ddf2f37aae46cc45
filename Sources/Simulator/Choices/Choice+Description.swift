internal import Directory
internal import Kernel

/// One line for people: when, and what went another way than usual.
extension Choice: CustomStringConvertible {
    package var description: String { "\(Trace.Line.seconds(time))  \(what)" }

    private var what: String {
        switch value {
        case .number(let number): key.sentence(number)
        case .fault(let fault): fault.summary
        case .operation(let operation): "client asks n\(operation.node + 1): \(operation.act.summary)"
        case .undertaking(let undertaking): "operator begins: \(undertaking.step) n\(undertaking.node + 1)"
        }
    }
}

extension ChoiceKey {
    fileprivate func sentence(_ value: Int64) -> String {
        let (node, peer) = ("n\(node + 1)", "n\(peer + 1)")
        let message = "\(subject.name) \(node) -> \(peer)"
        switch kind {
        case .option: return "\(subject) is \(value) on every node"
        case .encodedFrames: return "messages go through the codec"
        case .seals: return value == 1 ? "voters seal" : "no voter seals"
        case .edges: return "\(value) edges"
        case .olderLevel: return "programs know feature levels up to \(value), where the cluster begins"
        case .core: return "only a majority of the voters is healed first, number \(value)"
        case .spares: return "\(value) machines besides the voters"
        case .zone: return "\(node) is in zone \(value)"
        case .zoneDistance: return "between zones a message takes \(Self.milliseconds(value)) longer"
        case .usualLoss: return "of a million messages \(value) are lost where nothing is wrong"
        case .clockDrift: return "clock of \(node) drifts by \(value) ppm"
        case .clockError: return "clock of \(node) is off by \(value) ms"
        case .loss: return "drop of \(message)"
        case .delay: return "\(message) takes \(Self.milliseconds(value)) longer"
        case .duplicate: return "\(message) arrives twice, the second \(Self.milliseconds(value - 1)) late"
        case .linkClosing:
            return "\(peer) learns \(Self.milliseconds(value)) late that the process of \(node) has ended"
        case .linkReview: return "\(node) learns \(Self.milliseconds(value)) late what became of its link to \(peer)"
        case .stateSource: return "\(node) begins from the state of n\(value + 1)"
        case .servedState: return "\(node) gives out another state than the voters': \(value)"
        case .forgedState: return "\(node) begins from a state that is not the voters'"
        case .withheld: return "\(node) passes on nothing of kind \(value)"
        case .disk: return "\(subject.name) on \(node) takes \(Self.milliseconds(value))"
        case .crashPoint: return "\(node) crashes \(Self.milliseconds(value)) into a write"
        case .doneBeforeCrash: return "\(node) does the first \(value) things of the step that it crashes in"
        case .keptWrites: return "of the writes under way on \(node) only \(value) survive its crash"
        case .lostTransactions: return "\(node) loses its last \(value) transactions of the state in the crash"
        case .hiddenLog: return "\(node) starts without entries up to \(value) in memory"
        case .scrub: return "a scrub on \(node) takes \(Self.milliseconds(value))"
        case .timers: return "process \(process) of \(node) draws other timers"
        case .target: return "client asks n\(value + 1) for operation \(number), attempt \(process + 1)"
        case .deadline: return "client waits \(Self.milliseconds(value)) for operation \(number), attempt \(process)"
        case .retryPause: return "client tries operation \(number) again after \(Self.milliseconds(value))"
        case .operatorPause: return "operator looks again after \(Self.milliseconds(value))"
        case .lie: return "\(node) lies, whim \(value)"
        case .wipe: return "\(node) is wiped \(Self.milliseconds(value)) after its removal"
        // Their values say it.
        case .fault, .operation, .undertaking: return "\(kind) \(number)"
        }
    }

    /// With three decimals.
    private static func milliseconds(_ microseconds: Int64) -> String {
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) ms"
    }
}

extension ChoiceKey.Subject {
    /// As the Raft paper calls it, where it does.
    package var name: String {
        switch self {
        case .preVoteRequest: "PreVote"
        case .preVoteResponse: "answer to PreVote"
        case .voteRequest: "RequestVote"
        case .voteResponse: "answer to RequestVote"
        case .append: "AppendEntries"
        case .appendAccepted: "accepting answer to AppendEntries"
        case .appendRejected: "refusing answer to AppendEntries"
        case .heartbeat: "heartbeat"
        case .heartbeatAcknowledged: "answer to a heartbeat"
        case .snapshot: "InstallSnapshot"
        case .snapshotAcknowledged: "answer to InstallSnapshot"
        case .timeoutNow: "TimeoutNow"
        case .readIndexRequest: "ReadIndex"
        case .readIndexResponse: "answer to ReadIndex"
        case .forward: "forwarded command"
        case .forwardRefused: "refusal of a forwarded command"
        case .entriesWanted: "request for entries to repair a log"
        case .entriesFound: "entries to repair a log"
        case .votersWanted: "question who the voters are"
        case .voters: "introduction of voters"
        case .statements: "statements made outside the log"
        case .statementsHeld: "acknowledgement of statements"
        case .sealWanted: "request to sign a seal"
        case .sealAnswered: "answer to a request to sign a seal"
        case .sealed: "seal"
        case .gossip: "gossip"
        case .successionWanted: "question how voters came from others"
        case .succession: "how voters came from others"
        case .keepSealMark: "writing what is to be sealed to the disk"
        case .signSeal: "signing a seal"
        case .judgeStatements: "looking whether statements count"
        case .keepStatements: "writing statements to the disk"
        case .writeLog: "a write to the log"
        case .apply: "applying entries"
        case .readEntries: "reading entries"
        case .readSnapshot: "reading a snapshot"
        case .stageSnapshot: "staging a snapshot"
        case .installSnapshot: "installing a snapshot"
        case .compact: "compaction of the log"
        case .repairLog: "repairing the log"
        case .readForRepair: "reading entries for a repair"
        case .readLog: "reading entries for a neighbour"
        case .readSealedSnapshot: "reading the state for a neighbour"
        case .checkSnapshot: "looking at a state that came"
        case .none, .keptEntries, .compactionStep, .windowBytes, .maxAppendBytes, .maxApplyBytes: "\(self)"
        }
    }
}

extension ClientAct {
    package var summary: String {
        switch self {
        case .update(let document): "write document d\(document)"
        case .updateSeen(let document): "write document d\(document) if nobody else has"
        case .createAgent(let agent): "create agent \(agent)"
        case .grant(let agent, let end): "grant agent \(agent) a role until \(end)"
        case .draft(let number): "draft policies \(number)"
        case .activate(let version): "activate policies \(version)"
        case .revoke(let agent): "revoke agent \(agent)"
        case .quarantine(let agent): "quarantine agent \(agent)"
        case .lift(let agent): "lift the first quarantine of agent \(agent)"
        case .remove(let agent): "remove agent \(agent)"
        case .read(let document): "read document d\(document)"
        case .readCurrent(let document): "read document d\(document) linearizably"
        case .decide(let agent, let document): "may agent \(agent) read document d\(document)?"
        case .pry(let agent, let about, let document):
            "agent \(agent) asks: may agent \(about) read document d\(document)?"
        case .escalate(let agent, let escalation): "agent \(agent) tries \(escalation.rawValue)"
        case .state(let act): act.summary
        case .label(let node, let isCanary): "label n\(node + 1) \(isCanary ? "a canary" : "no canary")"
        case .rollOut(let version): "roll out policies \(version)"
        case .steerRollout(let step): "\(step.rawValue) the roll-out"
        case .withdrawWarrant(let number): "withdraw warrant '\(Population.warrantNames[number])'"
        }
    }
}

extension StatementAct {
    fileprivate var summary: String {
        let warrant = "'\(Population.warrantNames[warrant])'"
        let flaw = flaw == .none ? "" : ", which must not count: \(flaw)"
        return "\(kind.rawValue) agent \(agent) by statement \(sequence) under \(warrant)\(flaw)"
    }
}

extension Fault {
    package var summary: String {
        switch self {
        case .isolate(let node): "\(node.name) is cut off from all others"
        case .split(let groups):
            "the network splits: \(groups.map { $0.map(\.name).joined(separator: ", ") }.joined(separator: " | ")) | the rest"
        case .cut(let from, let to): "what \(from.name) sends \(to.name) is lost from now on"
        case .clog(let from, let to, let span):
            "what \(from.name) sends \(to.name) is held up for \(span.milliseconds) ms"
        case .healNetwork: "the network is whole again"
        case .network(let quality):
            "the network takes \(quality.minimumLatency) and more\(quality.reorders ? ", out of order" : "")"
                + (quality.bandwidth.map { ", and carries \($0) bytes a second" } ?? "")
        case .crash(let node, let crash, let span): "\(node.name) crashes (\(crash)) for \(span.milliseconds) ms"
        case .crashDuringWrite(let node, let crash, let span):
            "\(node.name) crashes (\(crash)) in its next write to the log, for \(span.milliseconds) ms"
        case .crashWhenElected(let crash, let span):
            "whoever is elected next crashes (\(crash)) at that moment for \(span.milliseconds) ms"
        case .stop(let node, let span): "\(node.name) stops gracefully for \(span.milliseconds) ms"
        case .crashLoop(let node, let crash, let times, let every):
            "\(node.name) crashes (\(crash)) \(times) times, every \(every.milliseconds) ms"
        case .pause(let node, let span): "the process of \(node.name) is paused for \(span.milliseconds) ms"
        case .fillDisk(let node, let span): "the disk of \(node.name) is full for \(span.milliseconds) ms"
        case .failWrite(let node, let span):
            "the next write to the log of \(node.name) fails, and the node is down for \(span.milliseconds) ms"
        case .misdirectWrite(let node, let back):
            "the newest entry of the log of \(node.name) lies \(back) further back, over another"
        case .slowDisk(let node, let factor):
            factor == 1
                ? "the disk of \(node.name) is as fast as usual" : "the disk of \(node.name) is \(factor) times slower"
        case .hangDisk(let node): "the disk of \(node.name) hangs"
        case .rotLog(let node, let entries, let sparing):
            "\(entries) entries of the log of \(node.name) rot, sparing the newest \(sparing)"
        case .handOver(let node): "the leader is told to hand over to \(node.name)"
        case .upgrade(let node, let span): "\(node.name) is upgraded, for which it stops for \(span.milliseconds) ms"
        case .raiseFeatureLevel(let asks):
            "an operator raises the feature level, \(asks ? "once every node says that it knows it" : "asking nobody")"
        case .theft(let loot, let span):
            "\(loot == .token ? "an agent's token" : "an administrator's key") is stolen, noticed after \(span.milliseconds) ms"
        case .wipeDisks(let node): "the disks of \(node.name) are wiped"
        case .poison(let poison, let node): poison.summary(at: node.name)
        case .backup(let node): "the state of \(node.name) is backed up"
        case .restoreBackup(let fate): "a new cluster starts from the backup; later revocations are \(fate)"
        case .byzantine(let role, let span):
            "\(role.name) lies for \(span.milliseconds) ms"
        case .stepClock(let node, let milliseconds): "the clock of \(node.name) jumps by \(milliseconds) ms"
        case .revokeAgents(let count): "an operator revokes \(count) agents at once"
        case .state(let node, let count, let kind):
            "a revoker brings \(node.name) statements that \(kind.rawValue) \(count) agents"
        case .correctClocks: "clocks are set right"
        case .repairAll: "everything is repaired"
        }
    }
}

extension Liar {
    fileprivate var name: String {
        switch self {
        case .outsider: "an outsider"
        case .learner: "a learner"
        case .edge: "an edge"
        }
    }
}

extension Poison {
    fileprivate func summary(at node: String) -> String {
        let what =
            switch command {
            case .undecodable: "bytes that are no command"
            case .tooNew: "a command that is too new"
            }
        return switch path {
        case .client: "a client asks \(node) for \(what)"
        case .peers: "\(node) sends the leader \(what)"
        }
    }
}

extension NodeSelector {
    /// As scenario files name it.
    package var name: String {
        switch self {
        case .node(let number): "n\(number + 1)"
        case .leader: "leader"
        case .follower: "follower"
        }
    }
}
