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
}
