internal import Kernel
internal import Service

/// Path and query of a request, decoded.
struct RequestTarget: Hashable, Sendable {
    /// Each decoded on its own, so that an encoded slash stays within its segment.
    let segments: [String]
    let query: [Parameter]

    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// Nil for bad percent-encoding, text that is no UTF-8, and a parameter given twice.
    init?(_ text: String) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.hasPrefix("/") else { return nil }
        let raw = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let decoded = raw.map { Self.decode($0) }
        self.segments = decoded.compactMap { $0 }
        guard segments.count == decoded.count else { return nil }
        var query: [Parameter] = []
        for pair in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(sides[0]), let value = Self.decode(sides.count == 2 ? sides[1] : ""),
                !query.contains(where: { $0.name == name })
            else { return nil }
            query.append(Parameter(name: name, value: value))
        }
        self.query = query
    }

    /// RFC 3986 section 2.1. A plus sign is itself.
    private static func decode(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension [RequestTarget.Parameter] {
    /// The revision that an answer must reflect, from `at_least`; zero where none is asked for.
    func atLeast() throws(ServiceError) -> LogIndex {
        guard let text = first(where: { $0.name == "at_least" })?.value else { return .zero }
        guard let number = UInt64(text) else { throw AdminCall.invalid("at_least must be a revision") }
        return LogIndex(number)
    }
}
