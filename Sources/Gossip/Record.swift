package import Kernel

/// Something that every node is to have at once. What it says is the shell's to judge; here it is bytes under a name.
package struct Record: Hashable, Sendable {
    /// How long a record is of use. The shell judges whether the bytes say the same.
    package enum Lifetime: Hashable, Sendable {
        /// Until the shell says that it is settled: a statement, until the log has judged it.
        case untilSettled
        /// Until there is a later one of its stream, as of seals.
        case untilSuperseded(stream: MemberID, sequence: UInt64)
    }

    /// Over the rest, so that nobody can have other bytes taken under the name of a record.
    package let id: Digest
    package let lifetime: Lifetime
    package let bytes: [UInt8]

    package init(_ lifetime: Lifetime, bytes: [UInt8]) {
        self.lifetime = lifetime
        self.bytes = bytes
        var hasher = DigestHasher()
        switch lifetime {
        case .untilSettled: hasher.update(0)
        case .untilSuperseded(let stream, let sequence):
            for number in [1, stream.high, stream.low, UInt64(stream.incarnation), sequence] { hasher.update(number) }
        }
        hasher.update(bytes)
        id = hasher.finalize()
    }

    /// Nil for one that is not of a stream.
    var stream: (member: MemberID, sequence: UInt64)? {
        switch lifetime {
        case .untilSettled: nil
        case .untilSuperseded(let stream, let sequence): (stream, sequence)
        }
    }

    /// On the wire, but for a few bytes of framing. The receiver computes the id.
    package var byteCount: Int {
        switch lifetime {
        case .untilSettled: bytes.count + 4
        case .untilSuperseded: bytes.count + 32
        }
    }
}
