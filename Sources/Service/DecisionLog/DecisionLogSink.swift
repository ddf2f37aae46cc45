/// Where the lines of the decision log go.
package protocol DecisionLogSink: Sendable {
    /// Appends whole lines; false when they could not be, and the decisions in them must not be given.
    func append(_ lines: [UInt8]) -> Bool
}
