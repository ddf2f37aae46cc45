import Directory
import Identity
import Kernel
import Testing

@Suite("Members") struct MembershipTests {
    static let secret = Digest.of([10])
    static let second = MemberID(high: 4, low: 4)

    static func ticket(_ name: String = "n2", lasting span: Span = .seconds(600)) -> JoinTicket {
        JoinTicket(
            name: name,
            raftAddress: "10.0.0.2:7401",
            apiAddresses: ["10.0.0.2:7402", "10.0.0.2:7403"],
            secretDigest: secret,
            expiresAt: TestDirectory.start.advanced(by: span)
        )
    }

    static func joining(
        _ name: String = "n2",
        secret: Digest = secret,
        id: MemberID = second,
        key: Digest = .of([20]),
        instance: Digest = .of([21])
    ) -> Joining {
        Joining(name: name, secretDigest: secret, id: id, keyFingerprint: key, instance: instance)
    }

    /// Caller of a join: whoever vouches for the node that shows the secret.
    static let voucher = Caller.node(TestDirectory.voter)

    static func directoryWithTicket() -> TestDirectory {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(ticket()))
        return directory
    }

    static func directoryWithLearner() -> TestDirectory {
        var directory = directoryWithTicket()
        directory.succeed(.join(joining()), by: voucher)
        return directory
    }

    @Test("a node joins by a ticket as a learner, is promoted and removed") func life() throws {
        var directory = Self.directoryWithTicket()
        let joined = directory.apply(.join(Self.joining()), by: Self.voucher).applied
        #expect(joined?.events == [.membersChanged])
        let learner = try #require(try directory.view.member(Self.second))
        #expect(!learner.isVoter)
        #expect(learner.spec.raftAddress == "10.0.0.2:7401")
        #expect(learner.spec.keyFingerprint == .of([20]))
        #expect(learner.instance == .of([21]))
        directory.succeed(.promoteMember(Self.second))
        #expect(try directory.view.member(Self.second)?.isVoter == true)
        directory.succeed(.removeMember(Self.second))
        #expect(try directory.view.member(Self.second) == nil)
        #expect(try directory.view.formerMember(Self.second)?.name == "n2")
        #expect(directory.view.stateRoot == StateTree.recomputedRoot(of: directory.rows))
    }

    @Test("a ticket admits its holder alone, once, and until it expires") func tickets() {
        var directory = Self.directoryWithTicket()
        #expect(directory.refusal(.join(Self.joining(secret: .of([11]))), by: Self.voucher)?.code == .ticketInvalid)
        #expect(directory.refusal(.join(Self.joining("n3")), by: Self.voucher)?.code == .ticketInvalid)
        var late = directory
        late.advance(.seconds(600))
        #expect(late.refusal(.join(Self.joining()), by: Self.voucher)?.code == .ticketInvalid)
        directory.succeed(.join(Self.joining()), by: Self.voucher)
        let again = Self.joining(id: MemberID(high: 5, low: 5))
        let refusal = directory.refusal(.join(again), by: Self.voucher)
        #expect(refusal == CommandResult.Refusal(.alreadyJoined, [Self.second.uuid, "1"]))
        let other = Self.joining(id: MemberID(high: 5, low: 5), key: .of([30]))
        #expect(directory.refusal(.join(other), by: Self.voucher)?.code == .ticketInvalid)
    }

    @Test("a withdrawn ticket admits nobody, and a new one replaces the old") func withdrawal() {
        var directory = Self.directoryWithTicket()
        directory.succeed(.withdrawJoinTicket(name: "n2"))
        #expect(directory.refusal(.join(Self.joining()), by: Self.voucher)?.code == .ticketInvalid)
        #expect(directory.refusal(.withdrawJoinTicket(name: "n2"))?.code == .notFound)
        directory.succeed(.issueJoinTicket(Self.ticket()), .issueJoinTicket(Self.ticket()))
        directory.succeed(.join(Self.joining()), by: Self.voucher)
    }

    @Test("a node joins in the authority of the ticket's issuer, who may have lost it") func issuer() {
        var directory = TestDirectory()
        let other = Caller.administrator(fingerprint: .of([9]))
        directory.succeed(.addAdministrator(fingerprint: .of([9]), name: "other"))
        directory.succeed(.issueJoinTicket(Self.ticket()), by: other)
        directory.succeed(.removeAdministrator(fingerprint: .of([9])))
        #expect(directory.refusal(.join(Self.joining()), by: Self.voucher)?.code == .unauthorized)
    }

    @Test("who may neither invite, promote nor remove, may not") func authorization() {
        var directory = Self.directoryWithLearner()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        let ann = Caller.principal("user/ann", token: nil)
        let bodies: [CommandBody] = [
            .issueJoinTicket(Self.ticket("n9")), .withdrawJoinTicket(name: "n2"), .promoteMember(Self.second),
            .removeMember(Self.second), .pinIssuer(Self.second, key: .of([1])), .claimMember(instance: .of([1])),
        ]
        for caller in [ann, .node(Self.second)] {
            for body in bodies where !(caller == .node(Self.second) && body.action == "claimMember") {
                #expect(directory.refusal(body, by: caller)?.code == .unauthorized, "\(body.action) by \(caller)")
            }
        }
    }

    @Test("a removed node comes back only under a higher incarnation") func incarnations() {
        var directory = Self.directoryWithLearner()
        directory.succeed(.removeMember(Self.second), .issueJoinTicket(Self.ticket()))
        #expect(directory.refusal(.join(Self.joining()), by: Self.voucher)?.code == .incarnationUsed)
        let next = MemberID(high: 4, low: 4, incarnation: 3)
        directory.succeed(.join(Self.joining(id: next)), by: Self.voucher)
        directory.succeed(.removeMember(next), .issueJoinTicket(Self.ticket()))
        let lower = MemberID(high: 4, low: 4, incarnation: 2)
        #expect(directory.refusal(.join(Self.joining(id: lower)), by: Self.voucher)?.code == .incarnationUsed)
    }

    @Test("no two members share a node, a name or a key") func uniqueness() {
        var directory = Self.directoryWithLearner()
        #expect(directory.refusal(.issueJoinTicket(Self.ticket()))?.code == .alreadyExists)
        directory.succeed(.issueJoinTicket(Self.ticket("n3")))
        let sameNode = Self.joining("n3", id: MemberID(high: 4, low: 4, incarnation: 2), key: .of([31]))
        #expect(directory.refusal(.join(sameNode), by: Self.voucher)?.code == .alreadyExists)
        let sameKey = Self.joining("n3", id: MemberID(high: 6, low: 6))
        #expect(directory.refusal(.join(sameKey), by: Self.voucher)?.code == .alreadyExists)
    }

    @Test("the last voter stays; a learner does not count") func lastVoter() {
        var directory = Self.directoryWithLearner()
        #expect(directory.refusal(.removeMember(TestDirectory.voter))?.code == .lastVoter)
        directory.succeed(.promoteMember(Self.second), .removeMember(TestDirectory.voter))
        let last = directory.apply(.removeMember(Self.second), vouchedBy: Self.second)
        #expect(last.refusal?.code == .lastVoter)
    }

    @Test("a change of nobody, or to what is, is refused") func noChange() {
        var directory = Self.directoryWithLearner()
        let unknown = MemberID(high: 4, low: 4, incarnation: 2)
        #expect(directory.refusal(.promoteMember(unknown))?.code == .notFound)
        #expect(directory.refusal(.removeMember(unknown))?.code == .notFound)
        #expect(directory.refusal(.promoteMember(TestDirectory.voter))?.code == .alreadyVoter)
    }

    @Test("a member names its data directory once") func claims() throws {
        var directory = TestDirectory()
        let node = Caller.node(TestDirectory.voter)
        #expect(directory.refusal(.claimMember(instance: .of([1])))?.code == .unauthorized)
        #expect(directory.refusal(.claimMember(instance: .of([1])), by: .node(Self.second))?.code == .unauthorized)
        directory.succeed(.claimMember(instance: .of([1])), .claimMember(instance: .of([1])), by: node)
        #expect(directory.refusal(.claimMember(instance: .of([2])), by: node)?.code == .identityClaimed)
        #expect(try directory.view.member(TestDirectory.voter)?.instance == .of([1]))
    }

    @Test("a command changes members only in an entry that says the same to consensus") func carriedChange() {
        var directory = Self.directoryWithLearner()
        func code(_ body: CommandBody, _ change: MemberChange?) -> RefusalCode? {
            directory.apply(body, carrying: change).refusal?.code
        }
        #expect(code(.promoteMember(Self.second), nil) == .notAChange)
        #expect(code(.promoteMember(Self.second), .remove(Self.second)) == .notAChange)
        #expect(code(.put(RoleSpec(name: "r")), .promote(Self.second)) == .notAChange)
        #expect(code(.promoteMember(Self.second), .promote(Self.second)) == nil)
    }

    @Test("a copy of a change takes no effect a second time") func copies() {
        var directory = Self.directoryWithLearner()
        let first = directory.apply(.promoteMember(Self.second), key: "k").applied
        #expect(first?.tookEffect(at: directory.index) == true)
        let copy = directory.apply(.promoteMember(Self.second), key: "k").applied
        #expect(copy?.result == first?.result)
        #expect(copy?.tookEffect(at: directory.index) == false)
    }

    @Test("a ticket that says something impossible is refused") func invalidTickets() {
        var directory = TestDirectory()
        func code(_ ticket: JoinTicket) -> RefusalCode? { directory.refusal(.issueJoinTicket(ticket))?.code }
        #expect(code(Self.ticket("Not A Label")) == .invalid)
        #expect(code(Self.ticket(lasting: .zero)) == .invalid)
        #expect(code(Self.ticket(lasting: .seconds(90_000))) == .invalid)
        for address in ["", "h", "h:0", "h:70000", ":1", "a b:1", "h:1\n", "[::1:2", "::1:2", "h:+1"] {
            let ticket = JoinTicket(
                name: "n2",
                raftAddress: address,
                apiAddresses: ["h:1"],
                secretDigest: Self.secret,
                expiresAt: TestDirectory.start.advanced(by: .seconds(60))
            )
            #expect(code(ticket) == .invalid, "\(address)")
        }
        #expect(["h:1", "10.0.0.1:65535", "[::1]:2", "n-1.example:7401"].allSatisfy(Grammar.isAddress))
    }

    @Test("a retry of an invitation gets the first answer, whatever secret was drawn since") func retry() {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket()))
        let first = directory.apply(.issueJoinTicket(Self.ticket("n3")), key: "k").done
        let other = JoinTicket(
            name: "n3",
            raftAddress: "10.0.0.2:7401",
            apiAddresses: ["10.0.0.2:7402", "10.0.0.2:7403"],
            secretDigest: .of([99]),
            expiresAt: TestDirectory.start.advanced(by: .seconds(600))
        )
        #expect(directory.apply(.issueJoinTicket(other), key: "k").done == first)
    }
}
