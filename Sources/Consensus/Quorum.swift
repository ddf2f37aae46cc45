import Kernel

/// What a majority of the voters agrees on. Joint configurations will ask both majorities.
enum Quorum {
    static func size(of voterCount: Int) -> Int { voterCount / 2 + 1 }

    /// The highest value that a majority has reached, given each voter's.
    static func reached<Value: Comparable>(_ values: [Value]) -> Value? {
        guard !values.isEmpty else { return nil }
        let descending = values.sorted(by: >)
        return descending[size(of: values.count) - 1]
    }

    enum Outcome: Hashable { case won, lost, pending }

    /// The outcome of a vote by `voterCount` members of which so many have answered.
    static func outcome(granted: Int, refused: Int, of voterCount: Int) -> Outcome {
        if granted >= size(of: voterCount) { return .won }
        return voterCount - refused >= size(of: voterCount) ? .pending : .lost
    }
}
