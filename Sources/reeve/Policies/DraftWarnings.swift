import JSON

/// What a node says of policies that it drafted all the same.
enum DraftWarnings {
    /// - Parameter place: What a line and a column of the policies are called.
    static func lines(_ answer: JSONValue, at place: (Int64, Int64) -> String) -> [String] {
        (answer["warnings"]?.arrayValue ?? []).compactMap { warning in
            guard let line = warning["line"]?.integerValue, let column = warning["column"]?.integerValue,
                let message = warning["message"]?.stringValue
            else { return nil }
            return "\(place(line, column)): warning: \(message)"
        }
    }
}
