/// Finds what somebody may have meant.
package enum Suggestion {
    /// The name that takes the fewest edits to reach, if these are few for its length. The first of several.
    package static func closest(to name: String, among names: [String]) -> String? {
        let wanted = Array(name.unicodeScalars.prefix(maxLength + 1))
        guard wanted.count <= maxLength, names.count <= maxNames else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in names {
            let scalars = Array(candidate.unicodeScalars.prefix(maxLength + 1))
            guard scalars.count <= maxLength else { continue }
            let distance = distance(wanted, scalars)
            guard distance <= max(wanted.count, scalars.count) / 3 else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.name
    }

    private static let maxLength = 64
    private static let maxNames = 1000

    /// How many characters must be inserted, removed, replaced or swapped with the next (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let isSame = left[row] == right[column]
                var cost = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
