package import Crypto
internal import Kernel
internal import SwiftASN1
internal import X509

/// A wish for a certificate (PKCS#10, RFC 2986), signed with the key that it is for: whoever made it holds that key.
///
/// Nothing but the key counts. What a certificate says is decided by who issues it, not by what the request would like.
package struct CertificateRequest: Sendable {
    package let publicKey: P256.Signing.PublicKey
    /// Without a newline at the end.
    package let pem: String

    package var fingerprint: KeyFingerprint { .of(publicKey) }

    package static let maximumByteCount = 16 * 1024

    /// - Parameter name: For people who look at the request.
    package init(for key: PrivateKey, name: String) throws(KeysError) {
        do {
            let request = try CertificateSigningRequest(
                version: .v1,
                subject: try DistinguishedName { CommonName(String(name.suffix(64))) },
                privateKey: .init(key.signing),
                attributes: .init(),
                signatureAlgorithm: .ecdsaWithSHA256
            )
            self.pem = try request.serializeAsPEM().pemString
        } catch {
            throw KeysError(.failed("making a certificate request: \(error)"), at: name)
        }
        self.publicKey = key.publicKey
    }

    /// Reads one from a file and checks that it is signed with its own key.
    package static func load(_ path: String) throws(KeysError) -> CertificateRequest {
        let bytes = try KeyFiles.read(path, limit: maximumByteCount)
        return try CertificateRequest(pem: String(decoding: bytes, as: UTF8.self), place: path)
    }

    /// Reads one from outside and checks that it is signed with its own key. `place` is for errors.
    package init(pem text: String, place: String) throws(KeysError) {
        let malformed = KeysError(.malformed(expected: "a certificate request over a P-256 key"), at: place)
        guard text.utf8.count <= Self.maximumByteCount else {
            throw KeysError(.tooLarge(limit: Self.maximumByteCount), at: place)
        }
        guard let request = try? CertificateSigningRequest(pemEncoded: text),
            let key = P256.Signing.PublicKey(request.publicKey),
            request.publicKey.isValidSignature(request.signature, for: request)
        else { throw malformed }
        self.publicKey = key
        self.pem = text
    }
}
