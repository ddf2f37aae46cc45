package import NIOHTTP1
package import Service

/// One request to the admin API, received whole.
package struct AdminRequest: Sendable {
    package let method: String
    /// As sent: percent-encoded, with its query.
    package let target: String
    package let headers: HTTPHeaders
    package let body: [UInt8]
    package let peer: PeerIdentity

    package init(
        method: String,
        target: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = [],
        peer: PeerIdentity = .none
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}

/// An answer of the admin API.
package struct AdminResponse: Sendable {
    package var status: Int
    package var mediaType: String
    package var headers: [Header]
    package var body: [UInt8]
    /// In place of the body, for what is too large to be held in memory.
    package var stream: BackupSource?

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }
}
