internal import Glibc

/// Text forms of IP addresses.
enum IPAddressText {
    /// 4 or 16 bytes in network order; nil for anything that is no address.
    static func bytes(_ text: String) -> [UInt8]? {
        parse(text, family: AF_INET, byteCount: 4) ?? parse(text, family: AF_INET6, byteCount: 16)
    }

    private static func parse(_ text: String, family: CInt, byteCount: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
