/// What the size of values adds to the steps of an operation, so that no step is dearer than what it was charged for.
///
/// The *weight* of a value is how many parts it has, the parts of its parts included, and one more for each 16 bytes of a text
/// or a name. Sets and records keep theirs: to ask for it is not to look through them. Equal values weigh the same.
extension Value {
    var weight: Int { unsafe withUnsafePointer(to: self) { unsafe ValuePlace($0).weight } }

    /// What to find out whether they are equal costs at most.
    func stepsToCompare(with other: Value) -> Int {
        unsafe withUnsafePointer(to: self) { first in
            unsafe withUnsafePointer(to: other) { unsafe ValuePlace(first).stepsToCompare(with: ValuePlace($0)) }
        }
    }

    /// Whatever is heavier weighs so much: no sum or product of weights overflows, and no limit on steps is as high.
    static let maxWeight = 1 << 40

    static func sum(_ weights: some Sequence<Int>) -> Int { weights.reduce(0) { min($0 + $1, maxWeight) } }
}

extension EntityUID {
    @inline(__always) var weight: Int { (type.text.utf8.count + id.utf8.count) / 16 }
}

// Each case by itself: to bind several in one `switch` would copy the value.
extension ValuePlace {
    var weight: Int { (byteCount.map { $0 / 16 } ?? entityWeight ?? setWeight ?? recordWeight) ?? 0 }

    /// Values of different weight are told apart by that alone, and names of different codes by these.
    func stepsToCompare(with other: ValuePlace) -> Int {
        if let code = entityCode { return code == other.entityCode ? weight : 0 }
        if let byteCount { return byteCount == other.byteCount ? byteCount / 16 : 0 }
        if let setWeight { return setWeight == other.setWeight ? setWeight : 0 }
        if let recordWeight { return recordWeight == other.recordWeight ? recordWeight : 0 }
        return 0
    }

    private var entityWeight: Int? { if case .entity(let uid) = unsafe pointer.pointee { uid.weight } else { nil } }
    private var setWeight: Int? { if case .set(let set) = unsafe pointer.pointee { set.weight } else { nil } }
    private var recordWeight: Int? {
        if case .record(let record) = unsafe pointer.pointee { record.weight } else { nil }
    }
}

extension ValueSet {
    /// What to make a set of the values costs beyond a step for each: their parts are compared as often as sorting has it.
    static func stepsToSort(_ values: [Value]) -> Int {
        stepsToSort(count: values.count, weight: Value.sum(values.lazy.map(\.weight)))
    }

    /// - Parameter weight: Of all together.
    static func stepsToSort(count: Int, weight: Int) -> Int { count > 1 ? weight * count.bitCount : 0 }

    /// With how many elements one is compared to find it.
    private var probeCount: Int { count > Self.fewCount ? count.bitCount : count }

    /// What to look for a value of this weight costs.
    func stepsToFind(weight: Int) -> Int { probeCount * weight }

    /// What to look for each element of another set costs.
    func stepsToFindElements(of other: ValueSet) -> Int {
        other.count + stepsToFind(weight: other.weight - other.count)
    }
}

extension Int {
    /// How many binary digits it has, of a number that is not negative.
    fileprivate var bitCount: Int { Int.bitWidth - leadingZeroBitCount }
}
