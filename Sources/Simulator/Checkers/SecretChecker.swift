package import Kernel

/// S8: no secret in anything that a run leaves behind: not in the trace, not in what nodes note, not in a bundle.
///
/// A secret is known to the checker and to the client that has it. Commands carry its digest, which is not to be shown either:
/// by it somebody could try what the secret may be.
package struct SecretChecker: Sendable {
    private struct Secret: Sendable {
        let name: String
        /// What is looked for: the secret, and the digest as people see it.
        let needles: [[UInt8]]
    }

    private var secrets: [Secret] = []

    package init() {}

    package var count: Int { secrets.count }

    /// A client uses a secret.
    ///
    /// - Returns: What goes into a command in its place.
    package mutating func digest(of secret: String) -> Digest {
        let digest = Digest.of(Array(secret.utf8))
        let needles = [Array(secret.utf8), Array("\(digest)".utf8)]
        if !secrets.contains(where: { $0.name == secret }) { secrets.append(Secret(name: secret, needles: needles)) }
        return digest
    }

    package func check(_ text: String, in place: String) throws(Violation) {
        guard !secrets.isEmpty else { return }
        let bytes = Array(text.utf8)
        for (number, secret) in secrets.enumerated() where secret.needles.contains(where: bytes.holds) {
            throw Violation(.secrecy, "secret \(number + 1) of \(secrets.count) is in \(place)")
        }
    }
}

extension [UInt8] {
    /// Whether the bytes occur, one after the other.
    fileprivate func holds(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        return (0...count - needle.count).contains { start in
            self[start] == first && self[start..<start + needle.count].elementsEqual(needle)
        }
    }
}
