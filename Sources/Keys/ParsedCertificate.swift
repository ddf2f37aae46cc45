internal import Crypto
package import Identity
internal import Kernel
internal import SwiftASN1
internal import X509

/// An X.509 certificate over a P-256 key, with what Reeve asks of one. Parsed, not verified.
package struct ParsedCertificate: Hashable, Sendable {
    let certificate: Certificate
    /// As received; what was signed is never encoded again.
    package let der: [UInt8]
    /// Nil unless there is exactly one URI among the subject's alternative names, and it is a SPIFFE ID (X509-SVID
    /// standard, section 2).
    package let spiffeID: SPIFFEID?
    package let validity: CertificateValidity
    package let fingerprint: KeyFingerprint

    package static let maximumByteCount = 16 * 1024

    package init(der: [UInt8]) throws(PeerRefusal) {
        guard der.count <= Self.maximumByteCount else { throw .malformed("more than \(Self.maximumByteCount) bytes") }
        let certificate: Certificate
        do { certificate = try Certificate(derEncoded: der) } catch { throw .malformed("not an X.509 certificate") }
        guard let key = P256.Signing.PublicKey(certificate.publicKey) else { throw .wrongKeyType }
        self.certificate = certificate
        self.der = der
        self.spiffeID = Self.spiffeID(of: certificate)
        self.validity = CertificateValidity(
            notBefore: WallTime(certificate.notValidBefore),
            notAfter: WallTime(certificate.notValidAfter)
        )
        self.fingerprint = .of(key)
    }

    /// All certificates of a text, at least one. `place` is for errors.
    package static func parse(pem text: String, place: String) throws(KeysError) -> [ParsedCertificate] {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text), !documents.isEmpty,
            documents.allSatisfy({ $0.discriminator == label })
        else { throw KeysError(.malformed(expected: "one or more certificates"), at: place) }
        var result: [ParsedCertificate] = []
        for document in documents {
            do { result.append(try ParsedCertificate(der: document.derBytes)) } catch {
                throw KeysError(.refused(error), at: place)
            }
        }
        return result
    }

    package static func load(_ path: String) throws(KeysError) -> [ParsedCertificate] {
        let bytes = try KeyFiles.read(path, limit: 1024 * 1024)
        return try parse(pem: String(decoding: bytes, as: UTF8.self), place: path)
    }

    /// Without a newline at the end.
    package var pem: String { PEMDocument(type: Self.label, derBytes: der).pemString }

    /// Whether the certificate says that it may sign others (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
    package var isAuthority: Bool {
        guard let constraints = try? certificate.extensions.basicConstraints,
            case .isCertificateAuthority = constraints
        else { return false }
        do { return try certificate.extensions.keyUsage?.keyCertSign ?? true } catch { return false }
    }

    /// Whether subject and issuer are the same, as of a root.
    var isSelfIssued: Bool { certificate.issuer == certificate.subject }

    /// Whether the subject's key may be used on this side of a TLS connection (RFC 5280 sections 4.2.1.3, 4.2.1.12).
    package func allows(_ purpose: TLSPurpose) -> Bool {
        do {
            if let usage = try certificate.extensions.keyUsage, !usage.digitalSignature { return false }
            guard let extended = try certificate.extensions.extendedKeyUsage else { return true }
            return extended.contains(purpose == .server ? .serverAuth : .clientAuth)
        } catch {
            return false
        }
    }

    private static let label = "CERTIFICATE"

    private static func spiffeID(of certificate: Certificate) -> SPIFFEID? {
        guard let names = try? certificate.extensions.subjectAlternativeNames else { return nil }
        let uris = names.compactMap { name -> String? in
            guard case .uniformResourceIdentifier(let uri) = name else { return nil }
            return uri
        }
        return uris.count == 1 ? try? SPIFFEID(parsing: uris[0]) : nil
    }
}

/// Which side of a TLS connection a certificate is shown by.
package enum TLSPurpose: Hashable, Sendable { case server, client }
