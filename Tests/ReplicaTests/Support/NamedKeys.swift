import Kernel

/// Stands for signatures: whoever knows the name of a key can sign by it, which in these tests nobody does who has no right to.
struct NamedKeys: SignatureVerifier {
    static func key(_ name: String) -> [UInt8] { [2] + Digest.of(Array(name.utf8)).bytes }

    static func signature(of bytes: [UInt8], by key: [UInt8]) -> [UInt8] {
        let digest = Digest.of(key + bytes).bytes
        return digest + digest
    }

    func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        signature == Self.signature(of: bytes, by: publicKey)
    }
}
