import Consensus
import Directory
import Kernel
import Sealing

/// A state on its way into an edge, beside the one that it answers from.
struct EdgeSnapshot: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        /// Piece `next` is awaited.
        case receiving
        /// Piece `next` is being stored.
        case storing(isLast: Bool)
        /// Everything is stored, and looked at.
        case checking
        /// It is a state, and comes to this. It is compared with what is sealed as soon as nothing is under way in the log.
        case checked(DirectoryFacts)
        /// Consensus has it.
        case installing
    }

    let point: SnapshotPoint
    var next: UInt64 = 0
    var phase = Phase.receiving

    /// Whether the log is to come to rest, and to stay there. No other state takes the place of this one then.
    var isWaitingForLog: Bool {
        switch phase {
        case .receiving, .storing, .checking: false
        case .checked, .installing: true
        }
    }
}

extension SnapshotPoint {
    /// Of the state that a seal claims.
    ///
    /// - Parameter time: No seal says when its entry was made. Not later than that, so that what follows is not taken to be older.
    init(_ seal: SealStatement, configuration: Configuration, time: WallTime) {
        self.init(
            position: LogPosition(term: seal.term, index: seal.index),
            hash: seal.claim.head,
            time: time,
            configuration: configuration
        )
    }
}
