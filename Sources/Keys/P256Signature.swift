internal import Crypto
internal import FoundationEssentials
internal import Kernel

extension PrivateKey {
    /// The public key as a compressed point, 33 bytes. SEC 1 section 2.3.3.
    package var compressedPublicKey: [UInt8] { [UInt8](signing.publicKey.compressedRepresentation) }

    /// ECDSA with SHA-256, r before s, 64 bytes. FIPS 186-5 section 6.
    package func signature(of bytes: [UInt8]) throws(KeysError) -> [UInt8] {
        do { return [UInt8](try signing.signature(for: bytes).rawRepresentation) } catch {
            throw KeysError(.failed("\(error)"), at: "\(self)")
        }
    }
}

/// Checks signatures made by `PrivateKey.signature(of:)`.
package struct P256Verifier: SignatureVerifier {
    package init() {}

    /// Whether the bytes are a public key: a compressed point that lies on the curve.
    package static func isKey(_ bytes: [UInt8]) -> Bool {
        (try? P256.Signing.PublicKey(compressedRepresentation: bytes)) != nil
    }

    package func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        guard let key = try? P256.Signing.PublicKey(compressedRepresentation: publicKey),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
