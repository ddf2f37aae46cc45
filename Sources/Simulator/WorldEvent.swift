package import Consensus
package import Directory
package import Kernel
package import Replica
package import Sealing

/// Something that is to happen in a world. What concerns a process names it, and is void once that process is gone.
package enum WorldEvent: Sendable {
    case wake(node: Int, process: UInt64)
    /// Indirect: else the largest payload by far would be moved about with each event.
    indirect case deliver(Frame)
    case logBatchWritten(node: Int, process: UInt64)
    case entriesApplied(node: Int, process: UInt64)
    case entriesRead(node: Int, process: UInt64, for: MemberID, from: LogIndex, maxBytes: Int)
    case snapshotRead(node: Int, process: UInt64, for: MemberID, position: LogPosition?, number: UInt64)
    case snapshotStaged(node: Int, process: UInt64, Message.SnapshotChunk)
    case snapshotInstalled(node: Int, process: UInt64, SnapshotPoint)
    case compacted(node: Int, process: UInt64, before: LogIndex)
    case logRepaired(node: Int, process: UInt64, [Entry], Digest)
    case readForRepair(node: Int, process: UInt64, for: MemberID, first: LogIndex, last: LogIndex, maxBytes: Int)
    case statementsJudged(node: Int, process: UInt64, [SignedStatement], broughtAt: WallTime?)
    case statementsKept(node: Int, process: UInt64, [SignedStatement])
    case sealMarkKept(node: Int, process: UInt64, SealMark)
    case sealSigned(node: Int, process: UInt64, SealStatement)
    case logRead(node: Int, process: UInt64, for: MemberID, after: LogIndex, maxBytes: Int)
    case sealedSnapshotRead(node: Int, process: UInt64, for: MemberID, StateClaim, number: UInt64)
    case snapshotChecked(node: Int, process: UInt64, SnapshotPoint)
    /// Whether the node has a link to another machine is to be looked at again.
    case linkReviewed(node: Int, process: UInt64, to: Int)
    /// A machine that the log names as an edge fetches what it begins from.
    case furnish(node: Int)
    /// A scrub of the log finds what there is to find.
    case scrubbed(node: Int, process: UInt64)
    /// - Parameter number: Among the faults of the run; nil for what follows from another one.
    case fault(Fault, number: Int?)
    /// What was for some time may be over: pauses, full disks, links that hold everything up.
    case eased
    /// What a process was to be given while it did not run.
    indirect case given(node: Int, process: UInt64, ReplicaNode.Input)
    /// The operating system has closed the connections of a process that ended.
    case linkClosed(node: Int, process: UInt64, to: MemberID)
    case crash(node: Int, process: UInt64, Crash, downFor: Span)
    case start(node: Int)
    /// A client begins something new.
    case load
    /// An operator looks after the members.
    case operate
    /// A machine whose member was removed loses its disks, and can become another member.
    case wipe(node: Int)
    /// A node names its data directory and its seal key in the log, unless the log names them already.
    case claim(node: Int, process: UInt64)
    /// A node says what it has counted of roll-outs.
    case reportRollouts(node: Int, process: UInt64)
    /// Who has stolen something tries it, and an operator looks after it.
    case thieve(theft: Int)
    /// A machine that lies says something.
    case lie(node: Int)
    /// A client tries an operation, for the first time or again.
    case attempt(operation: Int)
    /// A client stops waiting for an answer to this attempt.
    case clientTimeout(operation: Int, attempt: Int)

    package struct Frame: Sendable {
        package let from: Int
        package let to: Int
        /// Who they were when it was sent: a link is between members, and ends with either.
        package let sender: MemberID
        package let receiver: MemberID
        /// The sender's data directory, which it named when the link was made.
        package let instance: Digest
        /// Whether no node has sent it.
        package let isForged: Bool
        /// Whether it has come to the machine before, while the process did not run.
        package var isBuffered = false
        package let content: Content
        /// In the recording, where there is one.
        package let number: Recording.Number?

        package enum Content: Sendable {
            case message(PeerMessage)
            /// As a link carries it.
            case bytes([UInt8])
        }

        package init(
            from: Int,
            to: Int,
            sender: MemberID,
            receiver: MemberID,
            instance: Digest,
            isForged: Bool,
            content: Content,
            number: Recording.Number?
        ) {
            self.from = from
            self.to = to
            self.sender = sender
            self.receiver = receiver
            self.instance = instance
            self.isForged = isForged
            self.content = content
            self.number = number
        }
    }
}
