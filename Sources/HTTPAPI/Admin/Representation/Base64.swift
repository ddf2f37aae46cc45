internal import FoundationEssentials

/// RFC 4648 section 4, with padding.
extension [UInt8] {
    package var base64: String { Data(self).base64EncodedString() }

    /// Nil for anything but the one text that `base64` gives for some bytes.
    package init?(base64 text: String) {
        // A decoder may pass over bits that no byte holds.
        guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
        self = [UInt8](data)
    }
}
