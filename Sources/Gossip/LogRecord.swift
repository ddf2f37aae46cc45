package import Kernel

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
