import Consensus
import Directory
import Kernel
import Replica
import Testing

@Suite("A node that hears from no leader")
struct IntroductionTests {
    private let newcomer = MemberID(high: 4, low: 0)
    private let stranger = MemberID(high: 5, low: 0)
    /// Twice the election timeout.
    private let interval = Span.seconds(1)

    private func introduction(of member: MemberID, key: UInt8 = 1) -> Introduction {
        let spec = MemberSpec(
            id: member,
            name: "n\(member.high)",
            raftAddress: "n\(member.high):7000",
            apiAddresses: [],
            keyFingerprint: Digest.of([key])
        )
        return Introduction(spec: spec, instance: Digest.of([key]))
    }

    private func asked(by voter: Voter) -> [MemberID] {
        voter.effects.compactMap { effect in
            if case .send(let message, let peer, _) = effect, message.body == .votersWanted { peer } else { nil }
        }
    }

    private func introduced(to voter: Voter) -> [[Introduction]] {
        voter.effects.compactMap { if case .introduced(let words) = $0 { words.introductions } else { nil } }
    }

    @Test("asks every voter that it knows who the voters are, again after each interval, and nobody before")
    func asks() throws {
        var voter = Voter()
        voter.advance(Span(microseconds: interval.microseconds - 1))
        voter.step(.wake)
        #expect(asked(by: voter) == [])
        for round in 1...3 {
            voter.advance(Span(microseconds: 1))
            voter.step(.wake)
            let count = asked(by: voter).count
            #expect(count == 2 * round)
            #expect(try #require(voter.node.nextWake) <= voter.now.monotonic.advanced(by: interval))
            voter.advance(Span(microseconds: interval.microseconds - 1))
            voter.step(.wake)
            #expect(asked(by: voter).count == count)
        }
        #expect(Set(asked(by: voter)) == Set(Voter.members.dropFirst()))
    }

    @Test("does not ask while it hears one, and does once that falls silent")
    func hearsLeader() {
        var voter = Voter()
        for _ in 0..<10 {
            voter.advance(.milliseconds(400))
            voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: Term(1))
        }
        voter.advance(Span(microseconds: interval.microseconds - 1))
        voter.step(.wake)
        #expect(asked(by: voter) == [])
        voter.advance(Span(microseconds: 1))
        voter.step(.wake)
        #expect(asked(by: voter).count == 2)
    }

    @Test("lets in whom a voter introduces, and takes nobody else's word")
    func believesVoters() {
        var voter = Voter()
        voter.hear(.voters([introduction(of: newcomer)]), from: newcomer)
        voter.hear(.voters([introduction(of: newcomer)]), from: stranger)
        #expect(introduced(to: voter) == [])
        #expect(voter.node.counters.unbelievedIntroductions == 2)
        voter.hear(.voters([introduction(of: newcomer)]), from: Voter.other)
        #expect(introduced(to: voter) == [[introduction(of: newcomer)]])
        // The same again is no news.
        voter.hear(.voters([introduction(of: newcomer)]), from: Voter.other)
        #expect(introduced(to: voter).count == 1)
    }

    @Test("takes the word of who was introduced, and asks it too, as long as who introduced it has a vote")
    func chain() {
        var voter = Voter()
        let far = MemberID(high: 6, low: 0)
        voter.hear(.voters([introduction(of: newcomer)]), from: Voter.members[2])
        voter.hear(.voters([introduction(of: stranger)]), from: newcomer)
        voter.hear(.voters([introduction(of: far)]), from: stranger)
        #expect(introduced(to: voter).last?.map(\.spec.id).sorted() == [newcomer, stranger, far])
        voter.advance(interval)
        voter.step(.wake)
        #expect(Set(asked(by: voter)) == Set(Voter.members.dropFirst() + [newcomer, stranger, far]))
        voter.receiveEntry(.configuration(ConfigurationChange([.remove(Voter.members[2])]), command: []))
        voter.commit()
        #expect(introduced(to: voter).last == [])
    }

    @Test("knows after a restart whom it was introduced to")
    func restart() {
        var voter = Voter(introduced: [VotersWord(by: Voter.members[2], [introduction(of: newcomer)])])
        voter.advance(interval)
        voter.step(.wake)
        #expect(Set(asked(by: voter)) == Set(Voter.members.dropFirst() + [newcomer]))
        voter.hear(.voters([introduction(of: stranger)]), from: newcomer)
        #expect(introduced(to: voter).last?.map(\.spec.id).sorted() == [newcomer, stranger])
    }

    @Test("puts together what the voters say, each by its last word, and each member once")
    func together() {
        var voter = Voter()
        voter.hear(.voters([introduction(of: newcomer), introduction(of: stranger)]), from: Voter.members[2])
        voter.hear(.voters([introduction(of: newcomer, key: 2)]), from: Voter.members[1])
        #expect(introduced(to: voter).last == [introduction(of: newcomer, key: 2), introduction(of: stranger)])
        voter.hear(.voters([]), from: Voter.members[2])
        #expect(introduced(to: voter).last == [introduction(of: newcomer, key: 2)])
    }

    @Test("is not flooded: more voters than a configuration may have are no answer")
    func bounded() {
        var voter = Voter()
        let many = (0...UInt64(Configuration.maxMembers)).map { introduction(of: MemberID(high: 100 + $0, low: 0)) }
        voter.hear(.voters(many), from: Voter.other)
        #expect(introduced(to: voter) == [])
        voter.hear(.voters(Array(many.dropLast())), from: Voter.other)
        #expect(introduced(to: voter).last?.count == Configuration.maxMembers)
    }

    @Test("forgets the word of a voter that has no vote any more")
    func formerVoter() {
        var voter = Voter()
        voter.hear(.voters([introduction(of: newcomer)]), from: Voter.members[2])
        voter.receiveEntry(.configuration(ConfigurationChange([.remove(Voter.members[2])]), command: []))
        voter.commit()
        #expect(introduced(to: voter).last == [])
    }

    @Test("a voter answers who asks with the voters of its configuration")
    func answers() {
        var voter = Voter()
        voter.hear(.votersWanted, from: stranger)
        guard case .introduce(let voters, stranger, voter.now.wall)? = voter.effects.last else {
            Issue.record("\(voter.effects)")
            return
        }
        #expect(voters == Voter.members)
    }
}
