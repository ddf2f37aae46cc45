import Kernel

/// What a quorum agrees on: a majority of the voters, or, while the configuration is joint, majorities of both the
/// incoming and the outgoing voters. 4.3; etcd's `quorum` package.
enum Quorum {
    static func size(of voterCount: Int) -> Int { voterCount / 2 + 1 }

    /// The highest value that a quorum has reached; nil when nobody votes.
    static func reached<Value: Comparable>(
        in configuration: Configuration,
        _ value: (MemberID) -> Value
    ) -> Value? {
        let incoming = reached(by: configuration.voters, value)
        let outgoing = reached(by: configuration.votersOutgoing, value)
        guard let incoming, let outgoing else { return incoming ?? outgoing }
        return min(incoming, outgoing)
    }

    private static func reached<Value: Comparable>(by voters: [MemberID], _ value: (MemberID) -> Value) -> Value? {
        guard !voters.isEmpty else { return nil }
        let descending = voters.map(value).sorted(by: >)
        return descending[size(of: voters.count) - 1]
    }

    enum Outcome: Hashable { case won, lost, pending }

    /// The outcome of a vote, given what each voter has said; nil for one that has said nothing.
    static func outcome(in configuration: Configuration, _ answer: (MemberID) -> Bool?) -> Outcome {
        let incoming = outcome(of: configuration.voters, answer)
        let outgoing = outcome(of: configuration.votersOutgoing, answer)
        if incoming == outgoing { return incoming }
        return incoming == .lost || outgoing == .lost ? .lost : .pending
    }

    /// Nobody has nothing against it, which makes the empty half of a configuration that is not joint agree.
    private static func outcome(of voters: [MemberID], _ answer: (MemberID) -> Bool?) -> Outcome {
        guard !voters.isEmpty else { return .won }
        let granted = voters.count { answer($0) == true }
        let refused = voters.count { answer($0) == false }
        if granted >= size(of: voters.count) { return .won }
        return voters.count - refused >= size(of: voters.count) ? .pending : .lost
    }
}
