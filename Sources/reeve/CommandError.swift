/// What a person reads when a command fails: what is wrong, where, and what to do about it.
struct CommandError: Error, CustomStringConvertible {
    let what: String
    /// A file with line and column, a node, or an argument; nil where `what` says it.
    let place: String?
    let advice: String?

    init(_ what: String, at place: String? = nil, advice: String? = nil) {
        self.what = what
        self.place = place
        self.advice = advice
    }

    var description: String {
        let placed = place.map { "\($0): \(what)" } ?? what
        return advice.map { "\(placed)\n  \($0)" } ?? placed
    }
}
