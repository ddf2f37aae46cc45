package import Kernel

/// One entry of the replicated log.
///
/// Entries form a hash chain: each names the hash of its predecessor, so that equal heads mean equal logs. The hash
/// covers a fixed-width header and the payload's bytes as they were proposed, never a re-encoding of them.
package struct Entry: Hashable, Sendable {
    package enum Payload: Hashable, Sendable {
        /// Appended by a new leader at the start of its term, so that it can commit what earlier terms left.
        /// Raft section 8.
        case empty
        /// Bytes that only the state machine understands.
        case command([UInt8])
        /// A change of the configuration, and what the state machine applies with it; `command` may be empty.
        case configuration(ConfigurationChange, command: [UInt8])
    }

    package let position: LogPosition
    /// The proposing leader's clock. Never lower than the predecessor's.
    package let time: WallTime
    package let previousHash: Digest
    package let payload: Payload

    package init(position: LogPosition, time: WallTime, previousHash: Digest, payload: Payload) {
        self.position = position
        self.time = time
        self.previousHash = previousHash
        self.payload = payload
    }

    package var term: Term { position.term }
    package var index: LogIndex { position.index }

    /// SHA-256 over term, index, time, predecessor's hash, payload kind and payload.
    package var hash: Digest {
        // One buffer for the fixed part: this runs for every entry on every member.
        var header: [UInt8] = []
        header.reserveCapacity(Self.headerByteCount)
        header.append(bigEndian: term.number)
        header.append(bigEndian: index.number)
        header.append(bigEndian: time.milliseconds)
        header.append(contentsOf: previousHash.bytes)
        var hasher = DigestHasher()
        switch payload {
        case .empty:
            header.append(bigEndian: UInt64(0))
            hasher.update(header)
        case .command(let bytes):
            header.append(bigEndian: UInt64(1))
            hasher.update(header)
            hasher.update(bytes)
        case .configuration(let change, let command):
            header.append(bigEndian: UInt64(2))
            // The count before it makes the end of the change, and so the start of the command, plain.
            let bytes = change.bytes
            header.append(bigEndian: UInt64(bytes.count))
            header += bytes
            hasher.update(header)
            hasher.update(command)
        }
        return hasher.finalize()
    }

    /// What the entry counts for in limits of bytes: payload and a constant for the rest.
    package var byteCount: Int { Self.overhead + payload.byteCount }

    /// The change of configuration that the entry carries, if any.
    package var change: ConfigurationChange? {
        if case .configuration(let change, _) = payload { change } else { nil }
    }

    package static let overhead = 64
    private static let headerByteCount = 4 * 8 + Digest.byteCount
}

extension Entry.Payload {
    /// What it counts for in limits of bytes.
    var byteCount: Int {
        switch self {
        case .empty: 0
        case .command(let bytes): bytes.count
        case .configuration(let change, let command): change.bytes.count + command.count
        }
    }
}
