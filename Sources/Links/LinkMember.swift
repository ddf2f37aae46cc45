package import Kernel
package import Keys

/// A member as the log names it: where it listens, and which key proves that it is it.
package struct LinkMember: Hashable, Sendable {
    package let id: MemberID
    /// As in `spiffe://DOMAIN/node/NAME`.
    package let name: String
    /// DNS name or address.
    package let host: String
    package let port: Int
    package let keyFingerprint: KeyFingerprint

    package init(id: MemberID, name: String, host: String, port: Int, keyFingerprint: KeyFingerprint) {
        self.id = id
        self.name = name
        self.host = host
        self.port = port
        self.keyFingerprint = keyFingerprint
    }

    /// As a person writes it, with brackets around an IPv6 address.
    package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What the links tell their owner. Called on event loops: must return soon and never block.
package protocol LinkDelegate: Sendable {
    /// A frame of an authenticated member. Frames of one connection come in order; a reconnect may lose some.
    func received(_ frame: [UInt8], from member: MemberID)

    /// Frames for this member are sent from now on.
    func connected(_ member: MemberID)

    /// Frames for this member are dropped from now on, until it is connected again. Follows each `connected` once.
    func disconnected(_ member: MemberID, reason: LinkFailure)
}
