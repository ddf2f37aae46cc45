/// A set of values, of any mixture of kinds.
///
/// Kept sorted and without repetition, so that equal sets are equal arrays and iteration has one order.
public struct ValueSet: Hashable, Sendable {
    /// One for each element, and what it weighs. Comes first, where equality looks first.
    let weight: Int
    public let elements: [Value]

    public init(_ values: [Value]) {
        elements = values.count > 1 ? Self.sorted(values) : values
        weight = Value.sum(elements.lazy.map { $0.weight + 1 })
    }

    private static func sorted(_ values: [Value]) -> [Value] {
        var unique: [Value] = []
        unique.reserveCapacity(values.count)
        for value in values.sorted() where unique.last != value { unique.append(value) }
        return unique
    }

    public var count: Int { elements.count }
    public var isEmpty: Bool { elements.isEmpty }

    public func contains(_ value: Value) -> Bool {
        unsafe withUnsafePointer(to: value) { unsafe contains(ValuePlace($0)) }
    }

    static let fewCount = 32

    /// One by one while they are few, since most differ at a glance, and else by bisection.
    func contains(_ value: ValuePlace) -> Bool {
        unsafe elements.withUnsafeBufferPointer { elements in
            guard elements.count > Self.fewCount else {
                return elements.indices.contains {
                    unsafe ValuePlace(elements.baseAddress.unsafelyUnwrapped + $0).isSame(as: value)
                }
            }
            let value = value.value
            var range = elements.indices
            while let middle = range.middle {
                switch unsafe elements[middle].placement(against: value) {
                case .same: return true
                case .before: range = (middle + 1)..<range.upperBound
                case .after: range = range.lowerBound..<middle
                }
            }
            return false
        }
    }

    public func isSuperset(of other: ValueSet) -> Bool { other.elements.allSatisfy(contains) }
    public func intersects(_ other: ValueSet) -> Bool { other.elements.contains(where: contains) }
}

extension ValueSet: CustomStringConvertible {
    public var description: String { "[" + elements.map(\.description).joined(separator: ", ") + "]" }
}

extension ValueSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Value...) { self.init(elements) }
}

extension Range<Int> {
    /// Where a bisection looks next; nil when nothing is left.
    var middle: Int? { isEmpty ? nil : lowerBound + count / 2 }
}
