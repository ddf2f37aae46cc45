internal import Kernel

/// An entity tag (RFC 9110 section 8.8.3), such as `"42"` or `W/"42"`. Ours hold the revision of an object's last change.
struct EntityTag: Hashable, Sendable {
    let isWeak: Bool
    let opaque: String

    /// What a strong comparison with our tags can find equal.
    var revision: LogIndex? {
        guard !isWeak, let number = UInt64(opaque), String(number) == opaque else { return nil }
        return LogIndex(number)
    }

    /// The members of a list as in `If-Match`; nil where it is none, or empty. A tag may hold a comma.
    static func list(_ text: String) -> [EntityTag]? {
        var rest = Array(text.utf8)[...]
        var tags: [EntityTag] = []
        repeat {
            rest = rest.drop(while: isSpace)
            guard let tag = EntityTag(reading: &rest) else { return nil }
            tags.append(tag)
            rest = rest.drop(while: isSpace)
        } while rest.popFirst(UInt8(ascii: ","))
        return rest.isEmpty ? tags : nil
    }

    private init?(reading rest: inout ArraySlice<UInt8>) {
        self.isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest.removeFirst(2) }
        guard rest.popFirst(UInt8(ascii: "\"")), let end = rest.firstIndex(of: UInt8(ascii: "\"")),
            rest[..<end].allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
            let opaque = String(validating: rest[..<end], as: UTF8.self)
        else { return nil }
        self.opaque = opaque
        rest = rest[(end + 1)...]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

extension ArraySlice<UInt8> {
    /// Whether the slice began with the byte, which is then taken off.
    fileprivate mutating func popFirst(_ byte: UInt8) -> Bool {
        guard first == byte else { return false }
        removeFirst()
        return true
    }
}
