package import Kernel
package import Keys
package import NIOCore

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

/// Everybody whom a node may have links with, and those whom it tells that they are members no more.
package struct LinkRoster: Hashable, Sendable {
    /// Who is let in: the current members, this node among them or not.
    package var members: [LinkMember]
    /// Those of them whom this node sends frames, and dials for it; nil for all.
    package var dialled: Set<MemberID>?
    /// The data directories that members have named, by id. Who comes from another one is not let in.
    package var instances: [MemberID: Digest]
    package var former: [FormerMember]

    package struct FormerMember: Hashable, Sendable {
        package let id: MemberID
        package let name: String
        package let keyFingerprint: KeyFingerprint

        package init(id: MemberID, name: String, keyFingerprint: KeyFingerprint) {
            self.id = id
            self.name = name
            self.keyFingerprint = keyFingerprint
        }
    }

    package init(
        members: [LinkMember],
        dialled: Set<MemberID>? = nil,
        instances: [MemberID: Digest] = [:],
        former: [FormerMember] = []
    ) {
        self.members = members
        self.dialled = dialled
        self.instances = instances
        self.former = former
    }
}

/// What the links tell their owner. Called on event loops: must return soon and never block.
package protocol LinkDelegate: Sendable {
    /// A frame of an authenticated member. Frames of one connection come in order; a reconnect may lose some.
    ///
    /// - Returns: How long nothing more is to be read from this connection, since its member sends more than it may: then it has to
    ///   wait with it. What has been read by then comes after the pause. Nil for no pause.
    func received(_ frame: [UInt8], from member: MemberID) -> TimeAmount?

    /// Frames for this member are sent from now on.
    func connected(_ member: MemberID)

    /// Frames for this member are dropped from now on, until it is connected again. Follows each `connected` once.
    func disconnected(_ member: MemberID, reason: LinkFailure)
}
