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
    var weight: Int { (type.text.utf8.count + id.utf8.count) / 16 }
}

extension ValuePlace {
    var weight: Int {
        switch unsafe pointer.pointee {
        case .string(let text): text.utf8.count / 16
        case .entity(let uid): uid.weight
        case .set(let set): set.weight
        case .record(let record): record.weight
        case .bool, .long, .ip, .decimal, .datetime, .duration: 0
        }
    }

    /// Values of different weight are told apart by that alone, and names of different codes by these.
    func stepsToCompare(with other: ValuePlace) -> Int {
        switch unsafe pointer.pointee {
        case .string(let text): text.utf8.count == other.byteCount ? text.utf8.count / 16 : 0
        case .entity(let uid): uid.code == other.entityCode ? uid.weight : 0
        case .set(let set):
            if case .set = unsafe other.pointer.pointee, set.weight == other.weight { set.weight } else { 0 }
        case .record(let record):
            if case .record = unsafe other.pointer.pointee, record.weight == other.weight { record.weight } else { 0 }
        case .bool, .long, .ip, .decimal, .datetime, .duration: 0
        }
    }
}

extension ValueSet {
    /// What to make a set of the values costs beyond a step for each: their parts are compared as often as sorting has it.
    static func stepsToSort(_ weights: some Collection<Int>) -> Int {
        weights.count > 1 ? Value.sum(weights) * weights.count.bitCount : 0
    }

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
