/// Name of a workload within a trust domain, as a URI. SPIFFE-ID standard, section 2.
///
/// There is one text for one identity: no upper case in scheme and trust domain, no percent-encoding, no query,
/// fragment, user or port, and no segment that is empty, `.` or `..` (section 2.2).
package struct SPIFFEID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let trustDomain: TrustDomain
    /// Empty, or segments that each follow a slash, such as `/node/n1`.
    package let path: String

    /// Section 2.3: what every implementation must support.
    package static let maximumByteCount = 2048
    package static let scheme = "spiffe://"

    package init(parsing text: String) throws(IdentityError) {
        let byteCount = text.utf8.count
        guard byteCount <= Self.maximumByteCount else {
            throw IdentityError(.spiffeID, .tooLong(byteCount: byteCount, limit: Self.maximumByteCount))
        }
        guard text.utf8.starts(with: Self.scheme.utf8) else { throw IdentityError(.spiffeID, .missingScheme) }
        let rest = text.utf8.dropFirst(Self.scheme.utf8.count)
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        self.trustDomain = try TrustDomain(parsing: String(decoding: rest[..<slash], as: UTF8.self))
        self.path = String(decoding: rest[slash...], as: UTF8.self)
        try Self.check(path: Array(rest[slash...]))
    }

    /// `path` is empty or starts with a slash.
    package init(trustDomain: TrustDomain, path: String) throws(IdentityError) {
        try Self.check(path: Array(path.utf8))
        let byteCount = Self.scheme.utf8.count + trustDomain.name.utf8.count + path.utf8.count
        guard byteCount <= Self.maximumByteCount else {
            throw IdentityError(.spiffeID, .tooLong(byteCount: byteCount, limit: Self.maximumByteCount))
        }
        self.trustDomain = trustDomain
        self.path = path
    }

    /// The canonical URI, which `init(parsing:)` takes back.
    package var description: String { "\(Self.scheme)\(trustDomain)\(path)" }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.description < rhs.description }

    /// The path without its first slash, split at slashes; empty for the trust domain itself.
    package var segments: [String] {
        path.dropFirst().isEmpty ? [] : path.dropFirst().split(separator: "/").map(String.init)
    }

    private static func check(path: [UInt8]) throws(IdentityError) {
        guard let first = path.first else { return }
        guard first == UInt8(ascii: "/") else { throw IdentityError(.path, .missingLeadingSlash) }
        if let offset = path.firstIndex(where: { $0 != UInt8(ascii: "/") && !isSegmentByte($0) }) {
            throw IdentityError(.path, .unexpectedByte(path[offset], offset: offset))
        }
        for segment in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard !segment.isEmpty else { throw IdentityError(.path, .emptySegment) }
            guard segment.contains(where: { $0 != UInt8(ascii: ".") }) || segment.count > 2 else {
                throw IdentityError(.path, .relativeSegment)
            }
        }
    }

    static func isSegmentByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension SPIFFEID {
    /// Identity of a node's TLS key: `/node/NAME`, where the name is a DNS label: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`.
    package static func node(_ name: String, in trustDomain: TrustDomain) throws(IdentityError) -> SPIFFEID {
        try checkNodeName(name)
        return try SPIFFEID(trustDomain: trustDomain, path: "/node/\(name)")
    }

    /// Identity of a person who administers the cluster: `/admin/NAME`, where the name is one path segment.
    package static func administrator(_ name: String, in trustDomain: TrustDomain) throws(IdentityError) -> SPIFFEID {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty else { throw IdentityError(.name, .empty) }
        if let offset = bytes.firstIndex(where: { !isSegmentByte($0) }) {
            throw IdentityError(.name, .unexpectedByte(bytes[offset], offset: offset))
        }
        return try SPIFFEID(trustDomain: trustDomain, path: "/admin/\(name)")
    }

    /// Name of the node that this is the identity of; nil for any other form.
    package var nodeName: String? {
        let segments = segments
        guard segments.count == 2, segments[0] == "node" else { return nil }
        guard (try? Self.checkNodeName(segments[1])) != nil else { return nil }
        return segments[1]
    }

    /// Name of the administrator that this is the identity of; nil for any other form.
    package var administratorName: String? {
        let segments = segments
        return segments.count == 2 && segments[0] == "admin" ? segments[1] : nil
    }

    /// RFC 1123 section 2.1, lower case only.
    package static func checkNodeName(_ name: String) throws(IdentityError) {
        let bytes = Array(name.utf8)
        let limit = 63
        guard !bytes.isEmpty else { throw IdentityError(.nodeName, .empty) }
        guard bytes.count <= limit else {
            throw IdentityError(.nodeName, .tooLong(byteCount: bytes.count, limit: limit))
        }
        for (offset, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            case UInt8(ascii: "-") where offset > 0 && offset < bytes.count - 1: continue
            default: throw IdentityError(.nodeName, .unexpectedByte(byte, offset: offset))
            }
        }
    }
}
