/// Where a search has been: which operations were ordered, and what the object held then. Lowe, section 3.2.
///
/// An operation of unknown outcome need not be ordered at all. So a configuration that ordered the same answered
/// operations, holds the same and has used up fewer of unknown outcome can do whatever another can: the other is not
/// worth a visit. Without this, each unknown write would double what there is to search.
struct VisitedConfigurations: Sendable {
    private struct Place: Hashable, Sendable {
        let answered: Subset.Window
        let state: Int
    }

    /// For each place the sets of unanswered operations used to get there, none within another.
    private var used: [Place: [Subset.Window]] = [:]

    /// False when nothing can be found there that was not to be found before.
    mutating func visit(answered: Subset.Window, unanswered: Subset.Window, state: Int) -> Bool {
        let place = Place(answered: answered, state: state)
        guard var known = used[place] else {
            used[place] = [unanswered]
            return true
        }
        if known.contains(where: { $0.isSubset(of: unanswered) }) { return false }
        known.removeAll { unanswered.isSubset(of: $0) }
        known.append(unanswered)
        used[place] = known
        return true
    }
}
