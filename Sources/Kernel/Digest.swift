internal import Crypto

/// A SHA-256 value (FIPS 180-4).
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Big-endian words, so that comparing words compares bytes.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    package static let byteCount = 32
    /// Stands for "nothing yet", such as the predecessor of the first log entry.
    package static let zero = Digest(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Nil unless there are exactly 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(exactly: bytes)
    }

    fileprivate init(_ digest: SHA256Digest) {
        words = unsafe digest.withUnsafeBytes { bytes in
            func word(_ place: Int) -> UInt64 {
                UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self))
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    /// Of as many bytes as there should be.
    fileprivate init(exactly bytes: some Sequence<UInt8>) {
        var iterator = bytes.makeIterator()
        func word() -> UInt64 {
            var value: UInt64 = 0
            for _ in 0..<8 { value = value << 8 | UInt64(iterator.next() ?? 0) }
            return value
        }
        self.words = (word(), word(), word(), word())
    }

    /// Nil unless there are exactly 64 hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes: bytes)
    }

    package static func of(_ bytes: [UInt8]) -> Digest {
        var hasher = DigestHasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    package var bytes: [UInt8] {
        let ordered = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        return unsafe withUnsafeBytes(of: ordered) { unsafe Array($0) }
    }

    package var hex: String { bytes.hex }
    /// Enough of the value to tell two apart in a log line.
    package var description: String { String(hex.prefix(12)) }

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.words == rhs.words }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.words < rhs.words }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// SHA-256 over several pieces.
package struct DigestHasher: Sendable {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }
    package mutating func update(_ bytes: ArraySlice<UInt8>) { hash.update(data: bytes) }
    package mutating func update(_ digest: Digest) { hash.update(data: digest.bytes) }
    /// Eight bytes, big-endian. Fixed widths and counts before variable parts keep the hashed text unambiguous.
    package mutating func update(_ number: UInt64) {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: number)
        hash.update(data: bytes)
    }

    package consuming func finalize() -> Digest { Digest(hash.finalize()) }
}
