/// Checks signatures, for cores that must not know how. A node has one over a library; most runs of the simulator have a
/// keyed hash in its place.
package protocol SignatureVerifier: Sendable {
    /// False for whatever is no signature of these bytes by that public key, malformed input included.
    func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool
}
