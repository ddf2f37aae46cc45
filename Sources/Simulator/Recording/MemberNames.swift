internal import Kernel

/// For people: what is told of members by the first digits of their ids is told by the names of their machines.
package struct MemberNames: Sendable {
    private let names: [[UInt8]: [UInt8]]

    private static let digits = 8

    /// - Parameter members: Of the machines in order, whatever incarnation each has come to.
    init(_ members: [MemberID]) {
        let pairs = members.enumerated().map { number, member in
            (Array(member.uuid.utf8.prefix(Self.digits)), Array("n\(number + 1)".utf8))
        }
        names = Dictionary(pairs) { first, _ in first }
    }

    /// The text with each id that stands by itself replaced; its incarnation stays behind it: `n2.3`.
    package func naming(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var named: [UInt8] = []
        named.reserveCapacity(bytes.count)
        var place = 0
        while place < bytes.count {
            let end = bytes[place...].firstIndex { !Self.isWordPart($0) } ?? bytes.count
            if end == place {
                named.append(bytes[place])
                place += 1
                continue
            }
            let word = bytes[place..<end]
            named += word.count == Self.digits ? names[Array(word)] ?? Array(word) : Array(word)
            place = end
        }
        return String(decoding: named, as: UTF8.self)
    }

    private static func isWordPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}

extension World {
    package var memberNames: MemberNames { MemberNames(members) }
}
