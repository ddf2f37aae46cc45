package import Directory
internal import Identity
package import JSON
package import Kernel
package import Keys

/// What a node needs to take others into the cluster: an authority of its own, and what it tells them.
package struct NodeEnrolment: Sendable {
    /// Nil on a node that has no issuing key.
    package let issuer: CertificateIssuer?
    package let roots: [ParsedCertificate]
    /// The first entry of the log, as its file says it.
    package let genesis: JSONValue
    /// Of the certificates that are issued.
    package let lifetime: Kernel.Span

    package init(
        issuer: CertificateIssuer?,
        roots: [ParsedCertificate],
        genesis: JSONValue,
        lifetime: Kernel.Span
    ) {
        self.issuer = issuer
        self.roots = roots
        self.genesis = genesis
        self.lifetime = lifetime
    }

    /// Certificates count from a little in the past, for clocks that lag.
    private static let backdating = Kernel.Span.seconds(300)

    package var rootsPEM: String { roots.map { $0.pem + "\n" }.joined() }

    /// The member's certificate and what has to be shown with it, in PEM.
    package func certificate(
        for member: MemberSpec,
        request: CertificateRequest,
        by issuer: CertificateIssuer,
        at now: WallTime
    ) throws(KeysError) -> String {
        let wanted = CertificateValidity(
            notBefore: now.reduced(by: Self.backdating),
            notAfter: now.advanced(by: lifetime)
        )
        let leaf = try issuer.issueNode(
            member.name,
            publicKey: request.publicKey,
            hosts: member.certificateHosts,
            validity: wanted.within(issuer.certificate.validity)
        )
        return ([leaf] + issuer.chain).map { $0.pem + "\n" }.joined()
    }
}

extension MemberSpec {
    /// Names that others may call the member by: loopback has several.
    package var certificateHosts: [String] {
        let loopback = ["127.0.0.1", "::1", "localhost"]
        let hosts = ([raftAddress] + apiAddresses).map(Self.host)
        let all = hosts.flatMap { loopback.contains($0) ? loopback : [$0] }
        return all.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Of `host:port`, without brackets.
    private static func host(_ address: String) -> String {
        let host = address.lastIndex(of: ":").map { address[..<$0] } ?? address[...]
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
    }
}
