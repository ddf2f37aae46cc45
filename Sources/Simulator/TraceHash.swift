internal import Consensus
package import Kernel

/// A running 64-bit hash over everything that happened in a run, equal in every process and on every platform.
///
/// FNV-1a widened to words, with a fold after each multiplication so that high bits reach low ones. `Hasher` cannot
/// serve: its seed differs between processes. Not for anything that an adversary chooses.
package struct TraceHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325
    /// The change of a configuration that was hashed last, as text: each node is sent it, one after the other.
    private var latestChange: (change: ConfigurationChange, text: String)?

    package init() {}

    package var value: UInt64 { state }

    /// Sixteen lower-case hexadecimal digits.
    package var hex: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @inline(__always)
    package mutating func combine(_ word: UInt64) {
        state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
    }

    package mutating func combine(_ number: Int) { combine(UInt64(bitPattern: Int64(number))) }
    package mutating func combine(_ flag: Bool) { combine(flag ? 1 : 0) }
    package mutating func combine(_ time: Instant) { combine(time.microseconds) }
    package mutating func combine(_ span: Span) { combine(span.microseconds) }
    package mutating func combine(_ time: WallTime) { combine(time.milliseconds) }
    package mutating func combine(_ index: LogIndex) { combine(index.number) }
    package mutating func combine(_ term: Term) { combine(term.number) }

    package mutating func combine(_ position: LogPosition) {
        combine(position.term)
        combine(position.index)
    }

    package mutating func combine(_ member: MemberID) {
        combine(member.high)
        combine(member.low)
        combine(UInt64(member.incarnation))
    }

    package mutating func combine(_ member: MemberID?) {
        combine(member != nil)
        if let member { combine(member) }
    }

    package mutating func combine(_ bytes: [UInt8]) {
        combine(bytes.count)
        let raw = unsafe bytes.span.bytes
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            combine(UInt64(bigEndian: word))
            offset += 8
        }
        if offset < bytes.count { combine(bytes[offset...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }
    }

    mutating func combine(_ change: ConfigurationChange) {
        if let latestChange, latestChange.change == change { return combine(latestChange.text) }
        let text = "\(change)"
        latestChange = (change, text)
        combine(text)
    }

    package mutating func combine(_ text: String) { combine(Array(text.utf8)) }

    /// The digest stands for what it covers, so a part of it is enough.
    package mutating func combine(_ digest: Digest) {
        combine(Digest.byteCount)
        combine(digest.words.0)
        combine(digest.words.1)
        combine(digest.words.2)
        combine(digest.words.3)
    }
}
