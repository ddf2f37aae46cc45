import Kernel

/// Reads what has one form alone. Nothing is made room for before its bytes are there.
struct CanonicalReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count <= rest.count else { return nil }
        defer { rest.removeFirst(count) }
        return [UInt8](rest.prefix(count))
    }

    mutating func number() -> UInt64? { take(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } } }
    mutating func digest() -> Digest? { take(Digest.byteCount).flatMap { Digest(bytes: $0) } }

    mutating func lineage() -> Lineage? {
        guard let high = number(), let low = number() else { return nil }
        return Lineage(high: high, low: low)
    }

    mutating func member() -> MemberID? {
        guard let high = number(), let low = number(), let incarnation = take(4) else { return nil }
        return MemberID(high: high, low: low, incarnation: incarnation.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// A head that says what the bytes are.
    mutating func skip(_ text: String) -> Bool { take(text.utf8.count).map { $0 == Array(text.utf8) } ?? false }
}
