import Kernel

@testable import Consensus

/// The text forms of etcd's raft library. Member n is the one whose identity begins with n.
enum EtcdText {
    static func id(_ member: MemberID?) -> String { "\(member?.high ?? 0)" }

    static func configuration(_ configuration: Configuration) -> String {
        func list(_ members: [MemberID]) -> String { "(\(members.map { id($0) }.joined(separator: " ")))" }
        var text = "voters=\(list(configuration.voters))"
        if configuration.isJoint { text += "&&\(list(configuration.votersOutgoing))" }
        if !configuration.learners.isEmpty { text += " learners=\(list(configuration.learners))" }
        if !configuration.learnersNext.isEmpty { text += " learners_next=\(list(configuration.learnersNext))" }
        return text + (configuration.autoLeave ? " autoleave" : "")
    }

    static func flaw(_ flaw: ConfigurationChange.Flaw) -> String {
        switch flaw {
        case .isJoint: "config is already joint"
        case .isNotJoint: "can't leave a non-joint config"
        case .hasNoVoters: "can't make a zero-voter config joint"
        case .removesAllVoters: "removed all voters"
        case .changesSeveralVoters: "more than one voter changed without entering joint config"
        case .hasTooManyMembers, .hasTooManyChanges: "\(flaw)"
        }
    }

    static func changes(_ change: ConfigurationChange) -> String {
        change.changes.map { change in
            switch change {
            case .addVoter(let member): "v\(id(member))"
            case .addLearner(let member): "l\(id(member))"
            case .remove(let member): "r\(id(member))"
            }
        }.joined(separator: " ")
    }

    /// Member 0 stands for a change that is not to be made, and `u` for one that only means something outside of raft.
    static func parseChanges(_ lines: [String]) -> [ConfigurationChange.Change] {
        lines.flatMap { $0.split(separator: " ") }.compactMap { word in
            guard let number = UInt64(word.dropFirst()), number > 0 else { return nil }
            let member = MemberID(high: number, low: 0)
            return switch word.first {
            case "v": .addVoter(member)
            case "l": .addLearner(member)
            case "r": .remove(member)
            default: nil
            }
        }
    }

    static func role(_ role: RaftNode.Role) -> String {
        switch role {
        case .follower: "StateFollower"
        case .preCandidate: "StatePreCandidate"
        case .candidate: "StateCandidate"
        case .leader: "StateLeader"
        }
    }

    static func state(_ state: Progress.State) -> String {
        switch state {
        case .probe: "StateProbe"
        case .replicate: "StateReplicate"
        case .snapshot: "StateSnapshot"
        }
    }

    /// The snapshot that etcd's groups start from is of term 1, and here of term 0, since no member knows a term yet.
    static func position(_ position: LogPosition) -> String {
        let term = position.term == .zero && position.index > .zero ? 1 : position.term.number
        return "\(term)/\(position.index.number)"
    }

    static func entry(_ entry: Entry) -> String {
        switch entry.payload {
        case .empty: return "\(position(entry.position)) EntryNormal \"\""
        case .command(let bytes):
            return "\(position(entry.position)) EntryNormal \"\(String(decoding: bytes, as: UTF8.self))\""
        case .configuration(let change, let command):
            let kind = command == Self.firstVersion ? "EntryConfChange" : "EntryConfChangeV2"
            return ["\(position(entry.position)) \(kind)", changes(change)].filter { !$0.isEmpty }.joined(
                separator: " "
            )
        }
    }

    /// Marks an entry of the older of etcd's two kinds of changes.
    static let firstVersion = Array("v1".utf8)

    static func snapshot(_ point: SnapshotPoint) -> String {
        func list(_ members: [MemberID]) -> String { "[\(members.map { id($0) }.joined(separator: " "))]" }
        let configuration = point.configuration
        let term = point.position.term == .zero ? 1 : point.position.term.number
        return "Index:\(point.position.index.number) Term:\(term) ConfState:Voters:\(list(configuration.voters)) "
            + "VotersOutgoing:\(list(configuration.votersOutgoing)) Learners:\(list(configuration.learners)) "
            + "LearnersNext:\(list(configuration.learnersNext)) AutoLeave:\(configuration.autoLeave)"
    }

    static func message(_ message: Message) -> [String] {
        func head(_ type: String, _ log: String = "0/0") -> String {
            "\(id(message.from))->\(id(message.to)) \(type) Term:\(message.term.number) Log:\(log)"
        }
        func commit(_ index: LogIndex) -> String { index == .zero ? "" : " Commit:\(index.number)" }
        func vote(_ granted: Bool) -> String { granted ? "" : " Rejected (Hint: 0)" }
        switch message.body {
        case .preVoteRequest(let last): return [head("MsgPreVote", position(last))]
        case .preVoteResponse(let granted): return [head("MsgPreVoteResp") + vote(granted)]
        case .voteRequest(let last, _): return [head("MsgVote", position(last))]
        case .voteResponse(let granted): return [head("MsgVoteResp") + vote(granted)]
        case .append(let append):
            return with(append.entries, [head("MsgApp", position(append.previous)) + commit(append.commitIndex)])
        case .appendAccepted(let match): return [head("MsgAppResp", "0/\(match.number)")]
        case .appendRejected(let previous, let hint):
            let term = hint.term == .zero && hint.index > .zero ? 1 : hint.term.number
            let line = head("MsgAppResp", "\(term)/\(previous.number)")
            return [line + " Rejected (Hint: \(hint.index.number))"]
        case .heartbeat(let index, _): return [head("MsgHeartbeat") + commit(index)]
        // What tells a leader of an old term of a newer one is an empty acceptance there.
        case .heartbeatAcknowledged(let round): return [head(round == 0 ? "MsgAppResp" : "MsgHeartbeatResp")]
        case .snapshot(let chunk): return [head("MsgSnap"), "  Snapshot: " + snapshot(chunk.point)]
        case .timeoutNow: return [head("MsgTimeoutNow")]
        case .snapshotAcknowledged, .readIndexRequest, .readIndexResponse: return [head("\(message.body)")]
        }
    }

    /// One entry stands on the line of the message, more below it.
    static func with(_ entries: [Entry], _ lines: [String]) -> [String] {
        guard entries.count != 1 else { return appending(" Entries:[\(entry(entries[0]))]", to: lines) }
        guard !entries.isEmpty else { return lines }
        return appending(" Entries:[", to: lines) + entries.map { "  " + entry($0) } + ["]"]
    }

    static func appending(_ text: String, to lines: [String]) -> [String] {
        lines.dropLast() + [(lines.last ?? "") + text]
    }
}
