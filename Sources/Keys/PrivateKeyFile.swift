internal import COpenSSL
internal import SwiftASN1

/// Private keys in files: P-256, PKCS#8 in PEM, encrypted unless explicitly asked otherwise.
package enum PrivateKeyFile {
    /// How a key rests in its file.
    package enum Protection: Sendable {
        /// PBES2 (RFC 8018) with AES-256-CBC, and PBKDF2 over HMAC-SHA-256.
        case encrypted(Passphrase)
        /// In clear. For development trust domains only: whoever reads the file is the node or the administrator.
        case plainForDevelopment
    }

    package struct Loaded: Sendable {
        package let key: PrivateKey
        package let warnings: [Warning]
    }

    package enum Warning: Hashable, Sendable, CustomStringConvertible {
        /// Others on the machine can read a key that is in clear.
        case permissionsTooOpen(path: String, mode: UInt32)

        package var description: String {
            switch self {
            case .permissionsTooOpen(let path, let mode):
                "\(path): the key is in clear and its permissions (\(String(mode, radix: 8))) let others read it; "
                    + "run chmod 600"
            }
        }
    }

    /// OWASP's figure of 2023 for PBKDF2 with HMAC-SHA-256; about a fifth of a second.
    package static let defaultIterations = 600_000
    private static let maximumByteCount = 64 * 1024

    /// Creates the file with permissions 0600; never overwrites one.
    ///
    /// Fewer than `defaultIterations` only where the key is worth nothing, as in tests.
    package static func create(
        _ path: String,
        key: PrivateKey,
        protection: Protection,
        iterations: Int = defaultIterations
    ) throws(KeysError) {
        let text = try pem(key, protection: protection, iterations: iterations, place: path)
        try KeyFiles.create(path, mode: 0o600, bytes: Array((text + "\n").utf8))
    }

    /// `passphrase` is asked for only if the file is encrypted. A key in clear is refused unless `allowPlain`.
    package static func load(
        _ path: String,
        allowPlain: Bool = false,
        passphrase: () throws(KeysError) -> Passphrase?
    ) throws(KeysError) -> Loaded {
        let (bytes, mode) = try KeyFiles.open(path, limit: maximumByteCount)
        let document = try document(String(decoding: bytes, as: UTF8.self), place: path)
        guard document.discriminator == plainLabel else {
            guard let passphrase = try passphrase() else { throw KeysError(.passphraseNeeded, at: path) }
            return Loaded(key: try decrypt(document.derBytes, with: passphrase, place: path), warnings: [])
        }
        guard allowPlain else { throw KeysError(.keyInClear, at: path) }
        let key = try key(pkcs8: SecretBytes(document.derBytes), place: path)
        let readable = mode & 0o077 != 0
        return Loaded(key: key, warnings: readable ? [.permissionsTooOpen(path: path, mode: mode)] : [])
    }

    /// The file's text. `place` is for errors.
    package static func pem(
        _ key: PrivateKey,
        protection: Protection,
        iterations: Int = defaultIterations,
        place: String
    ) throws(KeysError) -> String {
        let plain = key.pkcs8
        switch protection {
        case .plainForDevelopment:
            return PEMDocument(type: plainLabel, derBytes: unsafe plain.withBytes { unsafe Array($0) }).pemString
        case .encrypted(let passphrase):
            let sealed = try encrypt(plain, with: passphrase, iterations: iterations, place: place)
            return PEMDocument(type: encryptedLabel, derBytes: sealed).pemString
        }
    }

    /// Reads the text of a file back; the passphrase is not looked at if the key is in clear.
    package static func parse(_ text: String, passphrase: Passphrase?, place: String) throws(KeysError) -> PrivateKey {
        let document = try document(text, place: place)
        if document.discriminator == plainLabel { return try key(pkcs8: SecretBytes(document.derBytes), place: place) }
        guard let passphrase else { throw KeysError(.passphraseNeeded, at: place) }
        return try decrypt(document.derBytes, with: passphrase, place: place)
    }

    private static let plainLabel = "PRIVATE KEY"
    private static let encryptedLabel = "ENCRYPTED PRIVATE KEY"

    private static func document(_ text: String, place: String) throws(KeysError) -> PEMDocument {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text), documents.count == 1 else {
            throw KeysError(.malformed(expected: "one private key"), at: place)
        }
        guard [plainLabel, encryptedLabel].contains(documents[0].discriminator) else {
            throw KeysError(.malformed(expected: "a private key as PKCS#8"), at: place)
        }
        return documents[0]
    }

    private static func key(pkcs8 secret: SecretBytes, place: String) throws(KeysError) -> PrivateKey {
        guard let type = keyType(of: secret) else { throw KeysError(.malformed(expected: "a private key"), at: place) }
        guard type == "prime256v1", let key = PrivateKey(pkcs8: secret) else {
            throw KeysError(.wrongKeyType(type), at: place)
        }
        return key
    }

    /// Curve or algorithm; nil unless it is a private key whose halves fit each other.
    private static func keyType(of secret: SecretBytes) -> String? {
        var name = [CChar](repeating: 0, count: 64)
        let result = unsafe secret.withBytes { bytes in
            unsafe reeve_key_inspect(
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count,
                &name,
                name.count
            )
        }
        guard result == REEVE_KEY_OK else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func decrypt(
        _ sealed: [UInt8],
        with passphrase: Passphrase,
        place: String
    ) throws(KeysError) -> PrivateKey {
        var result = REEVE_KEY_FAILED
        let plain = unsafe SecretBytes(capacity: sealed.count) { buffer in
            var count = buffer.count
            result = unsafe passphrase.bytes.withBytes { secret in
                unsafe reeve_key_decrypt(
                    sealed,
                    sealed.count,
                    secret.baseAddress?.assumingMemoryBound(to: CChar.self),
                    secret.count,
                    buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    &count
                )
            }
            return result == REEVE_KEY_OK ? count : 0
        }
        switch result {
        case REEVE_KEY_OK:
            // Decryption under a wrong passphrase may succeed, and then gives noise.
            do { return try key(pkcs8: plain, place: place) } catch {
                if case .malformed = error.problem { throw KeysError(.wrongPassphrase, at: place) }
                throw error
            }
        case REEVE_KEY_MALFORMED: throw KeysError(.malformed(expected: "an encrypted private key"), at: place)
        case REEVE_KEY_WRONG_PASSPHRASE: throw KeysError(.wrongPassphrase, at: place)
        case REEVE_KEY_UNSUPPORTED: throw KeysError(.unsupportedEncryption, at: place)
        default: throw KeysError(.failed("OpenSSL could not decrypt the key"), at: place)
        }
    }

    private static func encrypt(
        _ plain: SecretBytes,
        with passphrase: Passphrase,
        iterations: Int,
        place: String
    ) throws(KeysError) -> [UInt8] {
        guard !passphrase.isEmpty else { throw KeysError(.passphraseEmpty, at: place) }
        // Algorithm identifiers, salt and padding add less than 200 bytes.
        var sealed = [UInt8](repeating: 0, count: plain.count + 512)
        var count = sealed.count
        let rounds = CInt(clamping: max(1, iterations))
        let result = unsafe plain.withBytes { key in
            unsafe passphrase.bytes.withBytes { secret in
                unsafe reeve_key_encrypt(
                    key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    key.count,
                    secret.baseAddress?.assumingMemoryBound(to: CChar.self),
                    secret.count,
                    rounds,
                    &sealed,
                    &count
                )
            }
        }
        guard result == REEVE_KEY_OK else {
            throw KeysError(.failed("OpenSSL could not encrypt the key"), at: place)
        }
        return Array(sealed.prefix(count))
    }
}
