package import Kernel

/// Something that every node is to have at once. What it says is the shell's to judge; here it is bytes under a name.
package struct Record: Hashable, Sendable {
    /// How long a record is of use.
    package enum Lifetime: Hashable, Sendable {
        /// Until the shell says that it is settled: a statement, until the log has judged it.
        case untilSettled
        /// Until there is a later one of its stream: a seal, under the voter that made it.
        case untilSuperseded(stream: MemberID, sequence: UInt64)
    }

    /// Given by whoever made it. That the bytes belong to it is for the shell to judge.
    package let id: Digest
    package let lifetime: Lifetime
    package let bytes: [UInt8]

    package init(id: Digest, lifetime: Lifetime, bytes: [UInt8]) {
        self.id = id
        self.lifetime = lifetime
        self.bytes = bytes
    }

    /// On the wire, but for a few bytes of framing.
    package var byteCount: Int {
        switch lifetime {
        case .untilSettled: Digest.byteCount + bytes.count + 4
        case .untilSuperseded: Digest.byteCount + bytes.count + 32
        }
    }
}

/// An entry of the log, as bytes. It says itself what chain it belongs to; the shell checks it.
package struct LogRecord: Hashable, Sendable {
    package let index: LogIndex
    package let bytes: [UInt8]

    package init(index: LogIndex, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }

    package var byteCount: Int { 10 + bytes.count }
}

/// Up to where a node has the log, proved by a seal.
package struct LogHead: Hashable, Sendable {
    package let index: LogIndex
    package let hash: Digest
    /// Revocations recorded up to it.
    package let epoch: UInt64

    package init(index: LogIndex, hash: Digest, epoch: UInt64) {
        self.index = index
        self.hash = hash
        self.epoch = epoch
    }

    package static let none = LogHead(index: .zero, hash: .zero, epoch: 0)
}
