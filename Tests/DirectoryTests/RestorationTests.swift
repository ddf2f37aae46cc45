import Directory
import Identity
import Kernel
import Testing

@Suite("Restoration") struct RestorationTests {
    static let newVoter = MemberRecord(
        spec: MemberSpec(
            id: MemberID(high: 8, low: 8),
            name: "m1",
            raftAddress: "127.0.0.1:1",
            apiAddresses: ["127.0.0.1:2"],
            keyFingerprint: .of([80])
        ),
        isVoter: true,
        instance: .of([81]),
        metadata: RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: .zero)
    )

    /// Restores a directory at its next index; what it was stays as it is.
    private func restored(
        _ directory: TestDirectory,
        revocations: [RevocationRecord] = [],
        epoch: UInt64 = 0,
        quarantines: Bool = false
    ) throws -> (directory: TestDirectory, outcome: Restoration.Outcome) {
        var copy = directory
        copy.index = copy.index.next
        let outcome = try DirectoryState.restore(
            Restoration(
                voters: [Self.newVoter],
                revocations: revocations,
                epoch: epoch,
                quarantinesPrincipals: quarantines,
                reason: "test"
            ),
            at: copy.index,
            time: copy.time,
            codec: copy.codec,
            to: &copy.rows
        )
        copy.rows.updateStateRoot()
        #expect(copy.view.stateRoot == StateTree.recomputedRoot(of: copy.rows))
        return (copy, outcome)
    }

    private func populated() -> TestDirectory {
        var directory = MembershipTests.directoryWithTicket()
        for name in ["agent/a", "agent/b", "user/c"] as [PrincipalID] {
            directory.succeed(.put(PrincipalSpec(id: name)))
        }
        return directory
    }

    @Test("two statements under one number that survivors have freeze the warrant") func equivocation() throws {
        var directory = populated()
        let spec = WarrantSpec(
            name: "w",
            key: WarrantTests.key,
            scope: .everybody,
            level: .revoke,
            expiresAt: directory.time.advanced(by: .seconds(3600)),
            budget: 3
        )
        directory.succeed(.issueWarrant(spec))
        let records = (["agent/a", "agent/b"] as [PrincipalID]).map { principal in
            RevocationRecord(
                id: .of(Array(principal.description.utf8)),
                kind: .revoke,
                subject: .principal(principal),
                reason: "odd",
                revoker: .bootstrap,
                index: directory.index,
                time: directory.time,
                warrant: WarrantMark(warrant: "w", sequence: 1, issuedAt: directory.time, signature: [1])
            )
        }
        let one = try restored(directory, revocations: [records[0]]).directory
        let first = try #require(try one.view.warrant("w"))
        #expect(first.state == .valid)
        #expect(first.spent == 1)
        let both = try restored(directory, revocations: records).directory
        let second = try #require(try both.view.warrant("w"))
        #expect(second.state == .frozen)
        #expect(second.spent == 2)
    }

    private func statements(_ directory: TestDirectory) throws -> [RevocationRecord] {
        try directory.view.revocations(ListRequest(limit: 1000)).items
    }

    @Test("has the new members alone, and remembers the old as former ones") func members() throws {
        let (directory, outcome) = try restored(populated())
        #expect(try directory.view.members().items.map(\.spec.id) == [Self.newVoter.spec.id])
        #expect(try directory.view.formerMember(TestDirectory.voter)?.name == "n1")
        #expect(try directory.view.joinTicket("n2") == nil)
        #expect(outcome.formerMembers == 1)
        #expect(try directory.view.command(directory.index)?.action == "restore")
    }

    @Test("edges are gone as members are, and come back only under a higher incarnation") func edges() throws {
        var (directory, outcome) = try restored(EdgeTests.directoryWithEdge())
        #expect(try directory.view.edges().items.isEmpty)
        #expect(try directory.view.formerMember(EdgeTests.edge)?.name == "e1")
        #expect(outcome.formerMembers == 2)
        let voucher = Self.newVoter.spec.id
        #expect(directory.apply(.issueJoinTicket(EdgeTests.ticket()), vouchedBy: voucher).refusal == nil)
        let again = directory.apply(.joinEdge(EdgeTests.joining()), by: .node(voucher), vouchedBy: voucher)
        #expect(again.refusal?.code == .incarnationUsed)
    }

    @Test("what survivors know to be revoked is revoked, and the epoch passes theirs") func merge() throws {
        let old = populated()
        var survivor = old
        survivor.succeed(
            .revoke(.principal("agent/a"), reason: "leaked"),
            .quarantine("user/c", .restrict, reason: "odd")
        )
        let known = try statements(survivor)
        var (directory, outcome) = try restored(old, revocations: known, epoch: 2)
        #expect(outcome.addedRevocations == 2)
        #expect(try directory.view.status(.principal("agent/a")) == .revoked)
        #expect(try directory.view.status(.principal("user/c")) == .restricted)
        #expect(try directory.view.status(.principal("agent/b")) == .active)
        #expect(try (directory.view.ledger()?.epoch ?? 0) >= 2)
        let later = CommandBody.revoke(.principal("agent/b"), reason: "later")
        #expect(directory.apply(later, vouchedBy: Self.newVoter.spec.id).done != nil)
    }

    @Test("a lift that only survivors know takes nothing out of force here") func lifts() throws {
        var old = populated()
        old.succeed(.quarantine("user/c", .quarantine, reason: "odd"))
        let id = try #require(try statements(old).first?.id)
        var survivor = old
        survivor.succeed(.liftQuarantine(statements: [id], reason: "fine"))
        let (directory, outcome) = try restored(old, revocations: statements(survivor))
        #expect(outcome.addedRevocations == 0)
        #expect(try directory.view.status(.principal("user/c")) == .quarantined)
        // And one that nobody here knew as in force comes as lifted.
        let (other, _) = try restored(populated(), revocations: statements(survivor))
        #expect(try other.view.status(.principal("user/c")) == .active)
    }

    @Test("without survivors everybody but administrators starts quarantined, and can be let go") func quarantine()
        throws
    {
        var old = populated()
        old.succeed(.revoke(.principal("agent/a"), reason: "leaked"))
        var (directory, outcome) = try restored(old, quarantines: true)
        #expect(outcome.quarantinedPrincipals == 2)
        #expect(try directory.view.status(.principal("agent/a")) == .revoked)
        for name in ["agent/b", "user/c"] as [PrincipalID] {
            #expect(try directory.view.status(.principal(name)) == .quarantined)
        }
        let ids = try statements(directory).filter { $0.kind == .quarantine }.map(\.id)
        let lift = CommandBody.liftQuarantine(statements: ids, reason: "checked")
        #expect(directory.apply(lift, vouchedBy: Self.newVoter.spec.id).done != nil)
        #expect(try directory.view.status(.principal("agent/b")) == .active)
    }

    @Test("an empty state is not restored") func empty() {
        #expect(throws: DirectoryError.self) { try restored(TestDirectory(empty: TestDirectory().codec)) }
    }
}
