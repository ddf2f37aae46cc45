internal import Consensus
package import Kernel
internal import Replica

/// What becomes of a message on the way.
package struct MessageFate: Hashable, Sendable {
    /// On top of the shortest latency; nil for one that is lost.
    package let delay: Span?
    /// The same for its duplicate; nil where there is none.
    package let duplicateDelay: Span?

    package init(delay: Span?, duplicateDelay: Span? = nil) {
        self.delay = delay
        self.duplicateDelay = duplicateDelay
    }

    package static let lost = MessageFate(delay: nil)
}

extension Choices {
    /// - Parameter quality: Nil where there is no way: such a message is counted all the same, so that a partition that is
    ///   left out does not shift the rest.
    mutating func fate(
        of message: PeerMessage,
        from: Int,
        process: UInt64,
        to: Int,
        under quality: NetworkQuality?,
        at now: Instant
    ) -> MessageFate {
        let subject = message.subject
        let number = count(ChoiceKey(.loss, subject, node: from, peer: to, process: process))
        func key(_ kind: ChoiceKey.Kind) -> ChoiceKey {
            ChoiceKey(kind, subject, node: from, peer: to, process: process, number: number)
        }
        guard let quality else { return .lost }
        let isLost = self.number(key(.loss), neutral: 0, at: now) { $0.network.chance(quality.lossPPM) ? 1 : 0 } == 1
        guard !isLost else { return .lost }
        let delay = span(key(.delay), neutral: .zero, at: now) {
            $0.network.exponential(mean: quality.meanExtraLatency)
        }
        // One microsecond more than the duplicate's delay, since 0 says that there is none.
        let duplicate = span(key(.duplicate), neutral: .zero, at: now) { streams in
            guard streams.network.chance(quality.duplicationPPM) else { return .zero }
            return Span(microseconds: streams.network.exponential(mean: quality.meanExtraLatency).microseconds + 1)
        }
        let duplicateDelay = duplicate == .zero ? nil : Span(microseconds: duplicate.microseconds - 1)
        return MessageFate(delay: delay, duplicateDelay: duplicateDelay)
    }
}

extension PeerMessage {
    var subject: ChoiceKey.Subject {
        switch body {
        case .raft(let message, _): message.subject
        case .forward: .forward
        case .forwardRefused: .forwardRefused
        case .entriesWanted: .entriesWanted
        case .entriesFound: .entriesFound
        case .votersWanted: .votersWanted
        case .voters: .voters
        case .statements: .statements
        case .statementsHeld: .statementsHeld
        case .sealWanted: .sealWanted
        case .sealAnswered: .sealAnswered
        case .sealed, .sealedByOthers: .sealed
        case .gossip: .gossip
        case .successionWanted: .successionWanted
        case .succession: .succession
        }
    }
}

extension Message {
    fileprivate var subject: ChoiceKey.Subject {
        switch body {
        case .preVoteRequest: .preVoteRequest
        case .preVoteResponse: .preVoteResponse
        case .voteRequest: .voteRequest
        case .voteResponse: .voteResponse
        case .append: .append
        case .appendAccepted: .appendAccepted
        case .appendRejected: .appendRejected
        case .heartbeat: .heartbeat
        case .heartbeatAcknowledged: .heartbeatAcknowledged
        case .snapshot: .snapshot
        case .snapshotAcknowledged: .snapshotAcknowledged
        case .timeoutNow: .timeoutNow
        case .readIndexRequest: .readIndexRequest
        case .readIndexResponse: .readIndexResponse
        }
    }
}
