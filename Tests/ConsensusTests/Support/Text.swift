import Consensus
import Kernel

/// The text forms of transcripts. Members are n1, n2 and so on; positions are term/index.
struct Text {
    let ids: [MemberID]

    func name(_ id: MemberID?) -> String {
        guard let id else { return "none" }
        return ids.firstIndex(of: id).map { "n\($0 + 1)" } ?? "\(id)"
    }

    /// Nil for notes of debug level.
    func effect(_ effect: RaftNode.Effect) -> String {
        switch effect {
        case .persist(let write):
            "persist w\(write.id.number)" + hardState(write.hardState) + list(write.entries)
        case .send(let message, let after):
            "send \(self.message(message))" + (after.map { " after w\($0.number)" } ?? "")
        case .apply(let entries): "apply" + list(entries)
        case .accepted(_, let position): "accept \(position)"
        case .refused(_, let refusal): "refuse \(self.refusal(refusal))"
        case .readReady(let id, let index): "read \(id.number) ready at \(index)"
        case .readRefused(let id, let refusal): "read \(id.number) refused: \(refusal)"
        case .configurationChanged(let configuration): "configuration \(self.configuration(configuration))"
        case .roleChanged(let status): "is \(status.role) \(status.term) leader=\(name(status.leader))"
        case .readEntries(let peer, let index, _): "read entries for \(name(peer)) from \(index)"
        case .readSnapshot(let peer, let position, let number):
            "read chunk \(number) for \(name(peer))" + (position.map { " at \($0)" } ?? "")
        case .stageSnapshot(let chunk): "stage chunk \(chunk.number) at \(chunk.point.position)"
        case .installSnapshot(let point): "install snapshot at \(point.position)"
        case .note(let note): "note \"\(note.message)\""
        }
    }

    func message(_ message: Message) -> String {
        "\(name(message.from))->\(name(message.to)) \(message.term) \(body(message.body))"
    }

    func status(_ place: Int, _ raft: RaftNode) -> String {
        let followers = raft.followers.map { "\(name($0.id)):\($0.state) match=\($0.matchIndex) next=\($0.nextIndex)" }
        return "n\(place + 1) \(raft.role) \(raft.term) vote=\(name(raft.votedFor)) leader=\(name(raft.leader)) "
            + "commit=\(raft.commitIndex) applied=\(raft.appliedIndex) durable=\(raft.durableIndex) last=\(raft.lastPosition)"
            + followers.map { "\n  \($0)" }.joined()
    }

    private func body(_ body: Message.Body) -> String {
        switch body {
        case .preVoteRequest(let last): "preVoteRequest last=\(last)"
        case .preVoteResponse(let granted): "preVoteResponse \(granted ? "granted" : "refused")"
        case .voteRequest(let last, let isTransfer): "voteRequest last=\(last)" + (isTransfer ? " transfer" : "")
        case .voteResponse(let granted): "voteResponse \(granted ? "granted" : "refused")"
        case .append(let append):
            "append previous=\(append.previous) commit=\(append.commitIndex)" + list(append.entries)
        case .appendAccepted(let match): "appendAccepted match=\(match)"
        case .appendRejected(let previous, let hint): "appendRejected previous=\(previous) hint=\(hint)"
        case .heartbeat(let commit, let round): "heartbeat commit=\(commit) round=\(round)"
        case .heartbeatAcknowledged(let round): "heartbeatAcknowledged round=\(round)"
        case .snapshot(let chunk):
            "snapshot at \(chunk.point.position) chunk \(chunk.number)" + (chunk.isLast ? " last" : "")
        case .snapshotAcknowledged(let position, let next): "snapshotAcknowledged at \(position) next=\(next)"
        case .timeoutNow: "timeoutNow"
        // Contexts are drawn at random.
        case .readIndexRequest: "readIndexRequest"
        case .readIndexResponse(_, let index): "readIndexResponse " + (index.map { "\($0)" } ?? "refused")
        }
    }

    private func refusal(_ refusal: RaftNode.Refusal) -> String {
        switch refusal {
        case .notLeader(let known): "notLeader known=\(name(known))"
        case .transferring: "transferring"
        case .entryTooLarge(let byteCount, let limit): "entryTooLarge \(byteCount) of \(limit)"
        case .overloaded(let bytes, let limit): "overloaded \(bytes) of \(limit)"
        case .applyingLags(let limit): "applyingLags past \(limit)"
        case .noCommitInTerm: "noCommitInTerm"
        case .changePending(let index): "changePending through \(index)"
        case .invalidChange(let flaw): "invalidChange \(flaw)"
        }
    }

    private func hardState(_ state: HardState?) -> String {
        state.map { " \($0.term) vote=\(name($0.vote)) commit=\($0.commitIndex)" } ?? ""
    }

    private func list(_ entries: [Entry]) -> String {
        entries.map { entry in
            switch entry.payload {
            case .empty: " \(entry.position):-"
            case .command(let bytes): " \(entry.position):\(String(decoding: bytes, as: UTF8.self))"
            case .configuration(let change, let command):
                " \(entry.position):[\(self.change(change))]" + String(decoding: command, as: UTF8.self)
            }
        }.joined()
    }

    func change(_ change: ConfigurationChange) -> String {
        if change.isLeaving { return "leave" }
        let changes = change.changes.map { change in
            switch change {
            case .addVoter(let member): "voter \(name(member))"
            case .addLearner(let member): "learner \(name(member))"
            case .remove(let member): "remove \(name(member))"
            }
        }
        return ([change.transition == .auto ? nil : "\(change.transition)"].compactMap(\.self) + changes)
            .joined(separator: ", ")
    }

    func configuration(_ configuration: Configuration) -> String {
        func list(_ members: [MemberID]) -> String { "(\(members.map { name($0) }.joined(separator: " ")))" }
        var text = "voters=" + list(configuration.voters)
        if configuration.isJoint { text += "&&" + list(configuration.votersOutgoing) }
        if !configuration.learners.isEmpty { text += " learners=" + list(configuration.learners) }
        if !configuration.learnersNext.isEmpty { text += " learnersNext=" + list(configuration.learnersNext) }
        return text + (configuration.autoLeave ? " autoLeave" : "")
    }
}
