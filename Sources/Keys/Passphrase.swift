/// What a person types to unlock a private key.
package struct Passphrase: Sendable, CustomStringConvertible {
    let bytes: SecretBytes

    /// UTF-8, without the newline that a terminal or an editor adds at the end. Not normalised further.
    package init(_ text: String) {
        self.bytes = SecretBytes(text.utf8.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
    }

    package var isEmpty: Bool { bytes.count == 0 }
    /// Too short to withstand somebody who has the file and tries.
    package var isShort: Bool { bytes.count < Self.advisedByteCount }

    package static let advisedByteCount = 12
    package var description: String { bytes.description }
}
