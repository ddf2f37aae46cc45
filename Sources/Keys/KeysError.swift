/// Why a key or certificate cannot be used: what is wrong, where, and what to do about it.
package struct KeysError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        case missing
        /// Reason of the operating system.
        case unreadable(String)
        case unwritable(String)
        case alreadyExists
        /// By another process.
        case held
        case tooLarge(limit: Int)
        /// What was expected instead.
        case malformed(expected: String)
        case passphraseNeeded
        case passphraseEmpty
        case wrongPassphrase
        /// The key is in clear and only an encrypted one is accepted.
        case keyInClear
        case unsupportedEncryption
        /// Type of the key found, such as `RSA` or `secp384r1`.
        case wrongKeyType(String)
        case keyDoesNotMatchCertificate
        case notAnAuthority
        case refused(PeerRefusal)
        case invalidValidity
        case invalidName(String)
        /// OpenSSL or the certificate library failed on input of our own.
        case failed(String)
    }

    package let problem: Problem
    /// A file's path, or what else it was about.
    package let place: String

    package init(_ problem: Problem, at place: String) {
        self.problem = problem
        self.place = place
    }

    package var description: String { "\(place): \(explanation)" }

    private var explanation: String {
        switch problem {
        case .missing: "there is no such file; check the path"
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .unwritable(let reason): "cannot be written: \(reason)"
        case .alreadyExists: "exists already and is not overwritten; move it away first"
        case .held: "another process holds it; wait until that has ended, and run this again"
        case .tooLarge(let limit): "is larger than \(limit) bytes; this is not the file that was meant"
        case .malformed(let expected): "is not \(expected) in PEM"
        case .passphraseNeeded: "the key is encrypted; give its passphrase"
        case .passphraseEmpty: "an empty passphrase protects nothing; give one"
        case .wrongPassphrase: "the passphrase is wrong or the file is damaged"
        case .keyInClear: "the key is not encrypted; encrypt it with a passphrase, or start in development mode"
        case .unsupportedEncryption:
            "the key's encryption is not supported; use PBES2, AES-256 and at most 20 million rounds"
        case .wrongKeyType(let type): "the key is of type \(type); only P-256 (prime256v1) is supported"
        case .keyDoesNotMatchCertificate: "the private key is not the one of the certificate; give the pair"
        case .notAnAuthority: "the certificate may not sign others; give that of an authority"
        case .refused(let refusal): "the certificate would be refused: \(refusal)"
        case .invalidValidity: "the validity must start before it ends, and end before the year 10000"
        case .invalidName(let reason): reason
        case .failed(let reason): "failed: \(reason)"
        }
    }
}
