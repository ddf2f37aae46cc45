import Kernel
import Sealing
import Testing

@Suite("Voter sets") struct VoterSetTests {
    private static func members(_ numbers: [UInt64]) -> [MemberID] { numbers.map { MemberID($0) } }

    @Test(
        "a quorum is a majority, of both halves while joint",
        arguments: [
            ([1, 2, 3], [], [1, 2], true), ([1, 2, 3], [], [3], false), ([1, 2, 3], [], [1, 8, 9], false),
            ([1, 2, 3, 4], [], [1, 2], false), ([1, 2, 3, 4], [], [1, 2, 4], true), ([1], [], [1], true),
            ([1, 2, 3], [3, 4, 5], [1, 2], false), ([1, 2, 3], [3, 4, 5], [4, 5], false),
            ([1, 2, 3], [3, 4, 5], [1, 3, 4], true), ([1, 2, 3], [3, 4, 5], [1, 2, 4, 5], true),
            ([1, 2, 3], [], [], false), ([1, 2, 3], [], [1, 1, 1], false),
        ] as [([UInt64], [UInt64], [UInt64], Bool)]
    )
    func quorums(voters: [UInt64], outgoing: [UInt64], signers: [UInt64], isQuorum: Bool) {
        #expect(Made.voters(voters, outgoing: outgoing).isQuorum(Self.members(signers)) == isQuorum)
    }

    @Test("the digest tells who votes, by which key and in which half, and not the order of listing")
    func digests() throws {
        let set = Made.voters([1, 2, 3])
        #expect(Made.voters([3, 1, 2]).digest == set.digest)
        let rotated = try VoterSet(voters: [Made.voter(1), Made.voter(2), Made.voter(3, generation: 2)])
        let others = [
            Made.voters([1, 2]), Made.voters([1, 2, 4]), rotated, Made.voters([1, 2, 3], outgoing: [1]),
            Made.voters([1], outgoing: [1, 2, 3]),
        ]
        #expect(Set(([set] + others).map(\.digest)).count == 6)
    }

    @Test("what is no set is refused")
    func flaws() {
        #expect(throws: VoterSet.Flaw.nobodyVotes) { try VoterSet(voters: []) }
        #expect(throws: VoterSet.Flaw.nobodyVotes) { try VoterSet(voters: [], outgoing: [Made.voter(1)]) }
        #expect(throws: VoterSet.Flaw.listedTwice(MemberID(1))) {
            try VoterSet(voters: [Made.voter(1), Made.voter(2), Made.voter(1)])
        }
        #expect(throws: VoterSet.Flaw.malformedKey(MemberID(1), byteCount: 3)) {
            try VoterSet(voters: [Voter(member: MemberID(1), sealKey: [1, 2, 3])])
        }
        #expect(throws: VoterSet.Flaw.hasTwoKeys(MemberID(1))) {
            try VoterSet(voters: [Made.voter(1)], outgoing: [Made.voter(1, generation: 2)])
        }
        #expect(throws: VoterSet.Flaw.sharesKey(MemberID(1), with: MemberID(2))) {
            try VoterSet(voters: [Made.voter(1)], outgoing: [Voter(member: MemberID(2), sealKey: Made.key(1))])
        }
        #expect(throws: VoterSet.Flaw.tooManyVoters(count: 65, limit: 64)) {
            try VoterSet(voters: (1...65).map { Made.voter($0) })
        }
        #expect(throws: VoterSet.Flaw.tooManyVoters(count: 65, limit: 64)) {
            try VoterSet(voters: (1...33).map { Made.voter($0) }, outgoing: (34...65).map { Made.voter($0) })
        }
        #expect(throws: Never.self) {
            try VoterSet(voters: (1...64).map { Made.voter($0) }, outgoing: (1...64).map { Made.voter($0) })
        }
    }

    @Test("a joint set is left for its incoming half without asking the outgoing one, and for nothing else")
    func endorsement() {
        let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
        #expect(!joint.mustEndorse(joint))
        #expect(!joint.mustEndorse(Made.voters([3, 4, 5])))
        #expect(joint.mustEndorse(Made.voters([1, 2, 3])))
        #expect(joint.mustEndorse(Made.voters([3, 4])))
        #expect(Made.voters([1, 2, 3]).mustEndorse(joint))
        #expect(Made.voters([1, 2, 3]).mustEndorse(Made.voters([1, 2])))
    }
}
