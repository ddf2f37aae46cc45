package import Crypto
package import Identity
internal import Kernel
internal import SwiftASN1
internal import X509

/// A certificate authority: a certificate that may sign others, and its key.
///
/// The root lives on the operator's machine, never on a node. Each voter has an authority of its own, which the root has
/// certified for this trust domain alone and for nothing but leaves.
package struct CertificateIssuer: Sendable {
    package let certificate: ParsedCertificate
    package let trustDomain: TrustDomain
    private let key: PrivateKey

    /// A new root, signed by itself.
    ///
    /// - Parameter pathLength: How many authorities may stand between it and a leaf (RFC 5280 section 4.2.1.9).
    package static func selfSigned(
        trustDomain: TrustDomain,
        key: PrivateKey,
        validity: CertificateValidity,
        pathLength: Int = 0
    ) throws(KeysError) -> CertificateIssuer {
        let name = "Reeve root of \(trustDomain)"
        let certificate = try sign(subject: name, issuer: nil, publicKey: key.publicKey, validity: validity, with: key)
        {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: max(0, pathLength)))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: .init(key.publicKey))
            // X509-SVID standard, section 2: an authority's own ID has no path.
            SubjectAlternativeNames([.uniformResourceIdentifier("\(SPIFFEID.scheme)\(trustDomain)")])
        }
        return try CertificateIssuer(certificate: certificate, key: key, trustDomain: trustDomain)
    }

    /// - Parameter place: Where the certificate is from, for errors.
    package init(
        certificate: ParsedCertificate,
        key: PrivateKey,
        trustDomain: TrustDomain,
        place: String = "certificate of the authority"
    ) throws(KeysError) {
        guard certificate.isAuthority else { throw KeysError(.notAnAuthority, at: place) }
        guard certificate.fingerprint == key.fingerprint else {
            throw KeysError(.keyDoesNotMatchCertificate, at: place)
        }
        if let id = certificate.spiffeID, id.trustDomain != trustDomain {
            throw KeysError(.refused(.wrongTrustDomain(expected: trustDomain, got: id.trustDomain)), at: place)
        }
        self.certificate = certificate
        self.key = key
        self.trustDomain = trustDomain
    }

    /// What has to be shown along with each certificate that this one issues: itself, unless everybody has it as a root.
    package var chain: [ParsedCertificate] { certificate.isSelfIssued ? [] : [certificate] }

    /// An authority for a node, which issues leaves of this trust domain and no further authorities.
    ///
    /// - Parameter name: Of the node.
    package func issueAuthority(
        _ name: String,
        publicKey: P256.Signing.PublicKey,
        validity: CertificateValidity
    ) throws(KeysError) -> ParsedCertificate {
        try Self.sign(
            subject: String("Reeve issuer \(name) of \(trustDomain)".prefix(64)),
            issuer: certificate,
            publicKey: publicKey,
            validity: validity,
            with: key
        ) {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            Critical(NameConstraints(permittedURIDomains: [trustDomain.name]))
            SubjectKeyIdentifier(hash: .init(publicKey))
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: .init(key.publicKey)).keyIdentifier)
            SubjectAlternativeNames([.uniformResourceIdentifier("\(SPIFFEID.scheme)\(trustDomain)")])
        }
    }

    /// For both sides of TLS between nodes, and for the ports that clients call.
    ///
    /// - Parameters:
    ///   - hosts: DNS names and addresses (IPv4 in dots, IPv6 in any form of RFC 4291) that clients reach it by.
    package func issueNode(
        _ name: String,
        publicKey: P256.Signing.PublicKey,
        hosts: [String],
        validity: CertificateValidity
    ) throws(KeysError) -> ParsedCertificate {
        let id: SPIFFEID
        do { id = try SPIFFEID.node(name, in: trustDomain) } catch {
            throw KeysError(.invalidName(error.description), at: "node \(name.prefix(63))")
        }
        return try issue(id, publicKey: publicKey, purposes: [.server, .client], hosts: hosts, validity: validity)
    }

    /// For whoever calls the nodes: administrators, agents and services.
    package func issueClient(
        _ id: SPIFFEID,
        publicKey: P256.Signing.PublicKey,
        validity: CertificateValidity
    ) throws(KeysError) -> ParsedCertificate {
        try issue(id, publicKey: publicKey, purposes: [.client], hosts: [], validity: validity)
    }

    private func issue(
        _ id: SPIFFEID,
        publicKey: P256.Signing.PublicKey,
        purposes: [TLSPurpose],
        hosts: [String],
        validity: CertificateValidity
    ) throws(KeysError) -> ParsedCertificate {
        guard id.trustDomain == trustDomain else {
            throw KeysError(.refused(.wrongTrustDomain(expected: trustDomain, got: id.trustDomain)), at: "\(id)")
        }
        var names: [GeneralName] = [.uniformResourceIdentifier(id.description)]
        for host in hosts { names.append(try Self.alternativeName(host)) }
        let usages = purposes.map { $0 == .server ? ExtendedKeyUsage.Usage.serverAuth : .clientAuth }
        // A common name has at most 64 characters (RFC 5280 appendix A.1), and nobody decides by it.
        return try Self.sign(
            subject: String(id.path.dropFirst().suffix(64)),
            issuer: certificate,
            publicKey: publicKey,
            validity: validity,
            with: key
        ) {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage(usages)
            SubjectKeyIdentifier(hash: .init(publicKey))
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: .init(key.publicKey)).keyIdentifier)
            SubjectAlternativeNames(names)
        }
    }

    private static func alternativeName(_ host: String) throws(KeysError) -> GeneralName {
        if let address = IPAddressText.bytes(host) {
            return .ipAddress(ASN1OctetString(contentBytes: address[...]))
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let allowed = labels.allSatisfy { label in (try? SPIFFEID.checkNodeName(label.lowercased())) != nil }
        guard allowed, host.utf8.count <= 253 else {
            throw KeysError(.invalidName("is neither a DNS name nor an IP address"), at: "host \(host.prefix(253))")
        }
        return .dnsName(host.lowercased())
    }

    /// The serial number is 20 random bytes (CA/Browser Forum Baseline Requirements, section 7.1).
    private static func sign(
        subject: String,
        issuer: ParsedCertificate?,
        publicKey: P256.Signing.PublicKey,
        validity: CertificateValidity,
        with key: PrivateKey,
        @ExtensionsBuilder extensions: () throws -> Result<Certificate.Extensions, any Error>
    ) throws(KeysError) -> ParsedCertificate {
        guard validity.notBefore < validity.notAfter, validity.notAfter <= CertificateValidity.formatEnd else {
            throw KeysError(.invalidValidity, at: subject)
        }
        do {
            let name = try DistinguishedName { CommonName(subject) }
            let certificate = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: .init(publicKey),
                notValidBefore: validity.notBefore.date,
                notValidAfter: validity.notAfter.date,
                issuer: issuer?.certificate.subject ?? name,
                subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions(builder: extensions),
                issuerPrivateKey: .init(key.signing)
            )
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return try ParsedCertificate(der: serializer.serializedBytes)
        } catch {
            throw KeysError(.failed("signing a certificate: \(error)"), at: subject)
        }
    }
}
