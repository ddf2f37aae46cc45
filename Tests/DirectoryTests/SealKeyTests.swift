import Directory
import Kernel
import Testing

@Suite("Seal keys") struct SealKeyTests {
    static let second = MembershipTests.second
    static let voter = Caller.node(TestDirectory.voter)

    static func key(_ number: UInt8) -> [UInt8] {
        [UInt8](repeating: number, count: Limits.publicKeyByteCount)
    }

    @Test("a member names its key once, for itself") func once() throws {
        var directory = MembershipTests.directoryWithLearner()
        directory.succeed(.claimSealKey(Self.key(1)), .claimSealKey(Self.key(1)), by: Self.voter)
        #expect(try directory.view.member(TestDirectory.voter)?.sealKey == Self.key(1))
        #expect(try directory.view.member(Self.second)?.sealKey == nil)
        #expect(directory.refusal(.claimSealKey(Self.key(2)), by: Self.voter)?.code == .sealKeyClaimed)
        #expect(directory.refusal(.claimSealKey(Self.key(1)), by: .node(Self.second))?.code == .alreadyExists)
        #expect(try directory.view.member(Self.second)?.sealKey == nil)
    }

    @Test("it tells that members have changed, as whoever checks seals must know") func event() {
        var directory = TestDirectory()
        let claimed = directory.apply(.claimSealKey(Self.key(1)), by: Self.voter).applied
        #expect(claimed?.events == [.membersChanged])
    }

    @Test("nobody else names one, and none of another length") func refusals() {
        var directory = MembershipTests.directoryWithLearner()
        #expect(directory.refusal(.claimSealKey(Self.key(1)))?.code == .unauthorized)
        let stranger = Caller.node(MemberID(high: 9, low: 9))
        #expect(directory.refusal(.claimSealKey(Self.key(1)), by: stranger)?.code == .unauthorized)
        // A longer one does not decode, and so is never logged.
        for key in [[], Array(Self.key(1).dropLast())] {
            #expect(directory.refusal(.claimSealKey(key), by: Self.voter)?.code == .invalid)
        }
    }

    @Test("a learner names its own without a voter's word, and nothing else") func learner() throws {
        var directory = MembershipTests.directoryWithLearner()
        let node = Caller.node(Self.second)
        let others = directory.apply(.claimSealKey(Self.key(2)), by: Self.voter, vouchedBy: Self.second)
        #expect(others.refusal?.code == .notAVoter)
        let instance = directory.apply(.claimMember(instance: .of([21])), by: node, vouchedBy: Self.second)
        #expect(instance.refusal?.code == .notAVoter)
        #expect(directory.apply(.claimSealKey(Self.key(2)), by: node, vouchedBy: Self.second).refusal == nil)
        #expect(try directory.view.member(Self.second)?.sealKey == Self.key(2))
    }

    @Test("where all voters seal, nobody who cannot becomes one") func promotion() {
        var directory = MembershipTests.directoryWithLearner()
        directory.succeed(.claimSealKey(Self.key(1)), by: Self.voter)
        #expect(directory.refusal(.promoteMember(Self.second))?.code == .sealKeyMissing)
        directory.succeed(.claimSealKey(Self.key(2)), by: .node(Self.second))
        directory.succeed(.promoteMember(Self.second))
    }

    @Test("what else is said of a member leaves its key as it is") func kept() throws {
        var directory = MembershipTests.directoryWithLearner()
        let node = Caller.node(Self.second)
        directory.succeed(.claimSealKey(Self.key(2)), by: node)
        directory.succeed(.claimMember(instance: .of([21])), by: node)
        directory.succeed(.promoteMember(Self.second), .pinIssuer(Self.second, key: .of([5])))
        #expect(try directory.view.member(Self.second)?.sealKey == Self.key(2))
    }
}
