package import Kernel

/// A piece of a state, as bytes. Pieces are numbered from 0, and sent one after the other, each when it is asked for.
package struct SnapshotPart: Hashable, Sendable {
    /// What the state reflects.
    package let index: LogIndex
    package let number: UInt64
    package let isLast: Bool
    package let bytes: [UInt8]
    /// With piece 0, and with no other.
    package let opening: Opening?

    package struct Opening: Hashable, Sendable {
        /// Of all pieces together, at most.
        package let byteCount: UInt64
        /// By what the state is the voters'. The shell checks it.
        package let proof: [UInt8]

        package init(byteCount: UInt64, proof: [UInt8]) {
            self.byteCount = byteCount
            self.proof = proof
        }
    }

    package init(index: LogIndex, number: UInt64, isLast: Bool, bytes: [UInt8], opening: Opening? = nil) {
        self.index = index
        self.number = number
        self.isLast = isLast
        self.bytes = bytes
        self.opening = opening
    }

    package var byteCount: Int { 24 + bytes.count + (opening.map { 16 + $0.proof.count } ?? 0) }
}
