/// A node that a client knows from the beginning.
public struct Seed: Hashable, Sendable {
    /// `https://HOST:PORT` of its decision port.
    public let decisions: String
    /// The same of its admin port, from which the other nodes are learned. Nil for a client that may or shall not ask there.
    public let admin: String?

    public init(decisions: String, admin: String? = nil) {
        self.decisions = decisions
        self.admin = admin
    }
}

/// One node, as a client sees it.
public struct NodeReport: Hashable, Sendable {
    /// `https://HOST:PORT` of its decision port.
    public let address: String
    /// Smoothed, of the last calls and probes; nil before the first.
    public let roundTrip: Duration?
    /// The 95th percentile of the last 64; nil while there are fewer than eight.
    public let p95: Duration?
    /// Whether it gets calls: false from a failure until it has answered a probe.
    public let isUp: Bool
    /// In a row; a decision clears it.
    public let failureCount: Int
    /// Whether it is asked first.
    public let isNearest: Bool
}

extension NodeAddress {
    /// - Throws: `ReeveClientError.configuration` for what is no such address.
    init(_ seed: Seed) throws(ReeveClientError) {
        for text in [seed.decisions, seed.admin].compactMap(\.self) where !Self.isBase(text) {
            throw ReeveClientError(.configuration, "\(text.prefix(128)) must be https://HOST:PORT without a path")
        }
        self.init(decisions: seed.decisions, admin: seed.admin)
    }

    private static let scheme = "https://"

    /// Nil for what is no member with an admin and a decision address, in this order, as nodes list them.
    init?(apiAddresses texts: [String]) {
        guard texts.count == 2, texts.allSatisfy({ Self.isBase(Self.scheme + $0) }) else { return nil }
        self.init(decisions: Self.scheme + texts[1], admin: Self.scheme + texts[0])
    }

    /// Whether a text is `https://HOST:PORT`, the host of letters, digits, `.`, `-`, `_`, or an IPv6 address in brackets.
    static func isBase(_ text: String) -> Bool {
        guard text.utf8.count <= 300, text.hasPrefix(scheme), let colon = text.lastIndex(of: ":") else { return false }
        let port = text[text.index(after: colon)...]
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            UInt16(port) ?? 0 > 0
        else { return false }
        let start = text.index(text.startIndex, offsetBy: scheme.count)
        guard start < colon else { return false }
        let host = text[start..<colon]
        if host.hasPrefix("[") {
            return host.hasSuffix("]") && host.utf8.count > 3
                && host.dropFirst().dropLast().utf8.allSatisfy { isHexadecimal($0) || $0 == 0x3a || $0 == 0x2e }
        }
        return host.utf8.allSatisfy { byte in
            isHexadecimal(byte) || (0x61...0x7a).contains(byte | 0x20) || [0x2d, 0x2e, 0x5f].contains(byte)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
