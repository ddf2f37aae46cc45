internal import Consensus
internal import Kernel
internal import Replica
package import Simulator

/// Bugs planted between a node and its shell: what the node asks for is not what is done. Each is one that a system like this
/// could have or has had.
package enum Mutation: String, CaseIterable, Sendable {
    /// Messages do not wait for the disk.
    case sendsBeforeDurable
    /// Only votes, and requests for them, do not.
    case votesBeforeDurable
    /// Only acknowledgements of entries do not.
    case acceptsBeforeDurable
    /// A vote is granted to whoever asks.
    case grantsEveryVote
    /// What does not fit the log is acknowledged as if it did.
    case acceptsWhatItRejects
    /// A leader tells followers that all it sends is committed.
    case commitsWhatItSends
    /// A client is told that nothing happened when nobody knows.
    case refusesWhatIsInDoubt
    /// A leader lets reads begin at the start of its log.
    case readsTheStart
    /// A snapshot is staged and never takes the place of the state.
    case installsNoSnapshot
    /// A follower never says that an entry does not fit.
    case neverRejects
    /// A leader does not read from its disk what a follower lacks.
    case readsNothingForFollowers

    package var intercept: WorldOptions.Intercept {
        { _, effects in effects = effects.compactMap(self.mutated) }
    }

    private func mutated(_ effect: ReplicaNode.Effect) -> ReplicaNode.Effect? {
        switch (self, effect) {
        case (.sendsBeforeDurable, .send(let message, let to, _)): .send(message, to: to, after: nil)
        case (.installsNoSnapshot, .installSnapshot), (.readsNothingForFollowers, .readEntries): nil
        case (.refusesWhatIsInDoubt, .reply(let id, .outcomeUnknown)): .reply(id, .refused(.overloaded))
        case (_, .send(let message, let to, let after)): send(message, to: to, after: after)
        default: effect
        }
    }

    private func send(_ message: PeerMessage, to: MemberID, after: LogWrite.ID?) -> ReplicaNode.Effect? {
        guard case .raft(let inner, let proof) = message.body else { return .send(message, to: to, after: after) }
        func instead(_ body: Message.Body) -> ReplicaNode.Effect {
            .send(PeerMessage(stamp: message.stamp, body: .raft(inner.with(body), proof: proof)), to: to, after: after)
        }
        switch (self, inner.body) {
        case (.votesBeforeDurable, .voteRequest), (.votesBeforeDurable, .voteResponse),
            (.acceptsBeforeDurable, .appendAccepted):
            return .send(message, to: to, after: nil)
        case (.grantsEveryVote, .voteResponse): return instead(.voteResponse(granted: true))
        case (.acceptsWhatItRejects, .appendRejected(let previous, _)) where previous != .zero:
            return instead(.appendAccepted(matchIndex: previous))
        case (.commitsWhatItSends, .append(let append)):
            guard let last = append.entries.last else { return instead(inner.body) }
            return instead(
                .append(.init(previous: append.previous, entries: append.entries, commitIndex: last.index))
            )
        case (.readsTheStart, .readIndexResponse(let context, .some)):
            return instead(.readIndexResponse(context: context, index: LogIndex(1)))
        case (.neverRejects, .appendRejected): return nil
        default: return .send(message, to: to, after: after)
        }
    }
}

extension Message {
    fileprivate func with(_ body: Body) -> Message {
        Message(lineage: lineage, group: group, from: from, to: to, term: term, body: body)
    }
}
