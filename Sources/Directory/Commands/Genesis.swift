package import Kernel

/// What the first entry of a log pins for ever, or until a later command changes it.
package struct Genesis: Hashable, Sendable {
    package let lineage: Lineage
    /// Name of the SPIFFE trust domain.
    package let trustDomain: String
    /// Sorted by id.
    package let voters: [MemberSpec]
    package let administrator: AdministratorSpec
    package let settings: Settings
    package let featureLevel: FeatureLevel

    package init(
        lineage: Lineage,
        trustDomain: String,
        voters: [MemberSpec],
        administrator: AdministratorSpec,
        settings: Settings = Settings(),
        featureLevel: FeatureLevel = .supported
    ) {
        self.lineage = lineage
        self.trustDomain = trustDomain
        self.voters = voters.sorted { $0.id < $1.id }
        self.administrator = administrator
        self.settings = settings
        self.featureLevel = featureLevel
    }
}

/// A member of the cluster and where it is reached.
package struct MemberSpec: Hashable, Sendable {
    package let id: MemberID
    /// As in the node's SPIFFE ID, `spiffe://DOMAIN/node/NAME`.
    package let name: String
    /// `host:port` for peers.
    package let raftAddress: String
    /// `host:port` for each API.
    package let apiAddresses: [String]
    /// SHA-256 of the DER-encoded public key of the member's TLS certificate.
    package let keyFingerprint: Digest

    package init(id: MemberID, name: String, raftAddress: String, apiAddresses: [String], keyFingerprint: Digest) {
        self.id = id
        self.name = name
        self.raftAddress = raftAddress
        self.apiAddresses = apiAddresses
        self.keyFingerprint = keyFingerprint
    }
}

/// Somebody who administers the cluster with a key of their own.
package struct AdministratorSpec: Hashable, Sendable {
    package let fingerprint: Digest
    package let name: String

    package init(fingerprint: Digest, name: String) {
        self.fingerprint = fingerprint
        self.name = name
    }
}

extension Command {
    /// The payload of a log's first entry. Equal for equal `genesis`, so that all voters' logs begin with the same bytes.
    package static func bootstrap(_ genesis: Genesis) -> Command {
        Command(
            caller: .bootstrap,
            authenticatedBy: genesis.voters.first?.id ?? MemberID(high: 0, low: 0),
            idempotencyKey: "bootstrap",
            notAfter: .distantFuture,
            body: .bootstrap(genesis)
        )
    }
}
