package import Crypto
internal import FoundationEssentials
package import Kernel

/// SHA-256 of a key's SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER: what the log pins of a member.
package typealias KeyFingerprint = Kernel.Digest

/// A P-256 signing key. Never printed: its text and its mirror are constant.
package struct PrivateKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let signing: P256.Signing.PrivateKey

    /// A new key from the system's random source.
    package init() { self.signing = P256.Signing.PrivateKey() }

    package init(_ signing: P256.Signing.PrivateKey) { self.signing = signing }

    /// Reads PKCS#8; nil for anything but a P-256 key.
    init?(pkcs8 secret: SecretBytes) {
        let key = unsafe secret.withBytes { bytes in unsafe try? P256.Signing.PrivateKey(derRepresentation: bytes) }
        guard let key else { return nil }
        self.signing = key
    }

    package var publicKey: P256.Signing.PublicKey { signing.publicKey }
    package var fingerprint: KeyFingerprint { .of(signing.publicKey) }

    /// PKCS#8 in DER, for the TLS library.
    package var pkcs8: SecretBytes { SecretBytes(signing.derRepresentation) }

    package var description: String { "(private key \(fingerprint))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension KeyFingerprint {
    package static func of(_ key: P256.Signing.PublicKey) -> KeyFingerprint { .of([UInt8](key.derRepresentation)) }
}
