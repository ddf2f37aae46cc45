/// Where a text differs from an earlier one, in bytes.
struct TextDifference {
    /// How many both begin with.
    let sameStart: Int
    /// How many both end with. Together these may be more than a text has.
    let sameEnd: Int
    /// How many more the later text has.
    let growth: Int

    init(from earlier: String, to later: String) {
        let (first, second) = (earlier.utf8Span, later.utf8Span)
        let old = unsafe first.span.bytes
        let new = unsafe second.span.bytes
        growth = new.byteCount - old.byteCount
        sameStart = Self.sameStart(old, new)
        sameEnd = Self.sameEnd(old, new)
    }

    // Safe: every word that is loaded lies within both spans.
    private static func sameStart(_ old: RawSpan, _ new: RawSpan) -> Int {
        let count = min(old.byteCount, new.byteCount)
        var place = 0
        while place + 8 <= count,
            unsafe old.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
                == new.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
        {
            place += 8
        }
        while place < count,
            unsafe old.unsafeLoad(fromByteOffset: place, as: UInt8.self)
                == new.unsafeLoad(fromByteOffset: place, as: UInt8.self)
        {
            place += 1
        }
        return place
    }

    private static func sameEnd(_ old: RawSpan, _ new: RawSpan) -> Int {
        let count = min(old.byteCount, new.byteCount)
        var same = 0
        while same + 8 <= count,
            unsafe old.unsafeLoadUnaligned(fromByteOffset: old.byteCount - same - 8, as: UInt64.self)
                == new.unsafeLoadUnaligned(fromByteOffset: new.byteCount - same - 8, as: UInt64.self)
        {
            same += 8
        }
        while same < count,
            unsafe old.unsafeLoad(fromByteOffset: old.byteCount - same - 1, as: UInt8.self)
                == new.unsafeLoad(fromByteOffset: new.byteCount - same - 1, as: UInt8.self)
        {
            same += 1
        }
        return same
    }
}
