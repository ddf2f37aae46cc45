package import Kernel

/// Where a node is among the others, so that two coordinates tell about how long a message takes there and back.
///
/// A hint for who is near and nothing else: a node says of itself whatever it likes. Whole microseconds, so that there is no infinity, and
/// the same on every machine.
package struct NetworkCoordinate: Hashable, Sendable {
    package static let dimensionCount = 4
    /// Of each component and of the height, in microseconds: no round trip that counts is longer.
    package static let limit: Int32 = 10_000_000
    package static let errorLimit: Int32 = 1_000_000

    /// In microseconds.
    package let position: SIMD4<Int32>
    /// What every path to the node has on top, such as the way to its first router. In microseconds.
    package let height: Int32
    /// How far off estimates have been lately, as the node says: parts per million of what was measured.
    package let error: Int32

    /// Nil for what is out of bounds.
    package init?(position: [Int32], height: Int32, error: Int32) {
        guard position.count == Self.dimensionCount, position.allSatisfy({ (-Self.limit...Self.limit).contains($0) }),
            (0...Self.limit).contains(height), (0...Self.errorLimit).contains(error)
        else { return nil }
        self.init(position: SIMD4(position), height: height, error: error)
    }

    /// Of what is in bounds.
    init(position: SIMD4<Int32>, height: Int32, error: Int32) {
        self.position = position
        self.height = height
        self.error = error
    }

    package var components: [Int32] { position.indices.map { position[$0] } }

    /// From one node to the other and back, as their coordinates have it.
    package func roundTrip(to other: NetworkCoordinate) -> Span {
        let length = (SIMD4<Double>(position) - SIMD4<Double>(other.position)).length
        return Span(microseconds: UInt64((length + Double(height) + Double(other.height)).rounded()))
    }
}

extension SIMD4<Double> {
    /// Added in this order, so that it is the same everywhere.
    var length: Double { (x * x + y * y + z * z + w * w).squareRoot() }
}
