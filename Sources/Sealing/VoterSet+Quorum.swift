package import Kernel

extension VoterSet {
    /// Whether these agree on something for all: a majority of the voters, and of the outgoing ones while the set is joint.
    /// Raft dissertation section 4.3. Strangers among them count for nothing, and nobody counts twice.
    ///
    /// - Parameter signers: Sorted.
    package func isQuorum(_ signers: [MemberID]) -> Bool {
        missing(from: signers) == Shortfall(incoming: 0, outgoing: 0)
    }

    /// How many more it takes.
    struct Shortfall: Hashable {
        var incoming: Int
        var outgoing: Int

        var isNone: Bool { incoming <= 0 && outgoing <= 0 }
    }

    func missing(from signers: [MemberID]) -> Shortfall {
        Shortfall(
            incoming: max(0, needed.incoming - Self.count(signers, in: voters)),
            outgoing: max(0, needed.outgoing - Self.count(signers, in: votersOutgoing))
        )
    }

    var needed: Shortfall {
        Shortfall(incoming: Self.majority(of: voters.count), outgoing: Self.majority(of: votersOutgoing.count))
    }

    /// Of nobody, none is needed: so the empty half of a set that is not joint agrees.
    private static func majority(of count: Int) -> Int { count == 0 ? 0 : count / 2 + 1 }

    /// How many of the voters are among the signers; both are sorted.
    private static func count(_ signers: [MemberID], in voters: [Voter]) -> Int {
        var (count, place) = (0, 0)
        for voter in voters {
            while place < signers.count, signers[place] < voter.member { place += 1 }
            if place < signers.count, signers[place] == voter.member { count += 1 }
        }
        return count
    }
}
