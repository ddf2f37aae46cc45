import ArgumentParser

/// `N`, or `A..B` with both ends included.
struct SeedRange: ExpressibleByArgument, CustomStringConvertible {
    let lower: UInt64
    let upper: UInt64

    var count: UInt64 { upper - lower + 1 }
    var description: String { lower == upper ? "\(lower)" : "\(lower)..\(upper)" }
    var defaultValueDescription: String { description }

    init(lower: UInt64, upper: UInt64) {
        self.lower = lower
        self.upper = upper
    }

    init?(argument: String) {
        let ends = argument.split(separator: ".", omittingEmptySubsequences: false)
        switch ends.count {
        case 1:
            guard let seed = UInt64(argument) else { return nil }
            self.init(lower: seed, upper: seed)
        case 3:
            guard ends[1].isEmpty, let lower = UInt64(ends[0]), let upper = UInt64(ends[2]), lower <= upper,
                upper - lower < 100_000_000
            else { return nil }
            self.init(lower: lower, upper: upper)
        default: return nil
        }
    }
}
