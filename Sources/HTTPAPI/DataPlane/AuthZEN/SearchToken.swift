internal import Decision
internal import Kernel

/// Where a search goes on, and which search it is, so that any node can answer the next page.
///
/// Nothing in it is believed: what a page holds is decided for whoever asks for it. In text it is hexadecimal digits.
struct SearchToken: Hashable {
    let page: SearchPage
    private let fingerprint: [UInt8]

    private static let fingerprintByteCount = 16
    private static let byteLimit = fingerprintByteCount + 1 + EntityTypeMapping.idLimit

    init(_ query: SearchQuery, _ page: SearchPage) {
        self.page = page
        fingerprint = Self.fingerprint(of: query)
    }

    /// Nil where it is no token.
    init?(parsing text: String) {
        guard text.utf8.count <= 2 * Self.byteLimit, let bytes = [UInt8](hex: text),
            bytes.count > Self.fingerprintByteCount,
            let start = String(validating: bytes.dropFirst(Self.fingerprintByteCount + 1), as: UTF8.self)
        else { return nil }
        fingerprint = Array(bytes.prefix(Self.fingerprintByteCount))
        page = SearchPage(after: start, limit: Int(bytes[Self.fingerprintByteCount]))
    }

    var text: String { (fingerprint + [UInt8(page.limit)] + Array(page.start.utf8)).hex }

    /// Whether it is of a search for the same, so that its place means something.
    func belongs(to query: SearchQuery) -> Bool { fingerprint == Self.fingerprint(of: query) }

    private static func fingerprint(of query: SearchQuery) -> [UInt8] {
        let open = query.open
        let text = """
            \(query.target)
            \(open.subject.uid) \(open.subject.properties)
            \(open.action) \(open.actionProperties)
            \(open.resource.uid) \(open.resource.properties)
            \(open.context)
            """
        return Array(Digest.of(Array(text.utf8)).bytes.prefix(fingerprintByteCount))
    }
}
