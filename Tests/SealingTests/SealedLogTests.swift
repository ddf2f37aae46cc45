import Kernel
import Sealing
import Testing

@Suite("A receiver's log") struct SealedLogTests {
    private let voters = Made.voters([1, 2, 3])
    private var log: SealedLog

    init() throws { log = SealedLog(from: try Made.head(Made.point(5), at: 1000)) }

    /// Hashes as `Made.point` names them.
    private func link(_ index: UInt64, after: String = "head", _ head: String = "head") -> SealedLog.Input {
        .link(
            ChainLink(
                index: LogIndex(index),
                previousHash: digest("\(after) \(index - 1)"),
                hash: digest("\(head) \(index)")
            )
        )
    }

    private func seal(_ index: UInt64, at time: UInt64, root: String = "root", head: String = "head") -> SealedLog.Input
    {
        .seal(Made.seal(Made.point(index, root: root, head: head), at: time, by: [1, 2]))
    }

    private mutating func step(_ inputs: SealedLog.Input...) -> [SealedLog.Effect] {
        inputs.flatMap { log.step($0, at: Moment(10_000).wall, KeyedHash()) }
    }

    @Test("applies to the seal, and not beyond") mutating func sealed() {
        #expect(step(link(6), link(7), link(8)).isEmpty)
        #expect(step(seal(7, at: 2000)) == [.mayApply(through: LogIndex(7))])
        #expect(log.nextIndex == LogIndex(9))
        #expect(step(seal(8, at: 3000)) == [.mayApply(through: LogIndex(8))])
    }

    @Test("a seal may come first, and waits for all links") mutating func sealFirst() {
        #expect(step(seal(7, at: 2000), seal(8, at: 3000), link(6)).isEmpty)
        #expect(step(link(7)) == [.mayApply(through: LogIndex(7))])
        #expect(step(link(8)) == [.mayApply(through: LogIndex(8))])
    }

    @Test("neither a gap nor a fork is taken") mutating func gapsAndForks() {
        #expect(step(link(7)) == [.linkRefused(.gap(expected: LogIndex(6)))])
        #expect(step(link(6, after: "other")) == [.linkRefused(.fork(at: LogIndex(6)))])
        #expect(step(link(6), link(7), link(6), link(7)).isEmpty)
        #expect(log.nextIndex == LogIndex(8))
        #expect(step(link(6, "other")) == [.linkRefused(.fork(at: LogIndex(6)))])
        #expect(step(link(8, after: "other")) == [.linkRefused(.fork(at: LogIndex(8)))])
        #expect(step(link(5, "other")) == [.linkRefused(.fork(at: LogIndex(5)))])
        #expect(step(link(5)) == [.linkRefused(.alreadySealed(through: LogIndex(5)))])
        #expect(step(seal(7, at: 2000)) == [.mayApply(through: LogIndex(7))])
        #expect(step(link(6)) == [.linkRefused(.alreadySealed(through: LogIndex(7)))])
        #expect(log.sealed == Made.point(7).claim)
    }

    @Test("a relay's own chain is thrown away when a seal comes, whichever is first") mutating func bogus() {
        #expect(step(link(6, "bogus"), link(7, after: "bogus", "bogus")).isEmpty)
        #expect(step(seal(7, at: 2000)) == [.discard(after: LogIndex(5))])
        #expect(log.nextIndex == LogIndex(6))
        #expect(step(link(6), link(7, "bogus")) == [.discard(after: LogIndex(5))])
        #expect(step(link(6), link(7)) == [.mayApply(through: LogIndex(7))])
    }

    @Test("one wrong link does not keep it from the seal that lies ahead") mutating func wrongSide() {
        #expect(step(link(6, "bogus"), seal(8, at: 2000)).isEmpty)
        // The chain of 6 goes on with 7, which does not follow on what is held.
        #expect(step(link(7)) == [.linkRefused(.fork(at: LogIndex(7))), .discard(after: LogIndex(5))])
        #expect(log.nextIndex == LogIndex(6))
        #expect(step(link(6), link(7), link(8)) == [.mayApply(through: LogIndex(8))])
        // What does not follow on what is sealed is the wrong one by itself.
        #expect(step(link(9), seal(10, at: 3000)).isEmpty)
        #expect(step(link(8, "other")) == [.linkRefused(.fork(at: LogIndex(8)))])
        #expect(step(link(10)) == [.mayApply(through: LogIndex(10))])
    }

    @Test("never backwards, and a refused seal moves nothing") mutating func refusedSeals() {
        _ = step(link(6), link(7), link(8), seal(7, at: 2000))
        let before = log
        #expect(step(seal(6, at: 3000)) == [.sealRefused(.indexGoesBack(known: LogIndex(7)))])
        #expect(step(seal(8, at: 1999)) == [.sealRefused(.timeGoesBack(known: Moment(2000).wall))])
        let alone = Made.seal(Made.point(8), at: 3000, by: [1])
        #expect(step(.seal(alone)) == [.sealRefused(.signatures(.noQuorum(missing: 1, missingOutgoing: 0)))])
        #expect(log == before)
        // The same index at a later time is fresher, and nothing to apply.
        #expect(step(seal(7, at: 3000)).isEmpty)
        #expect(log.trusted.time == Moment(3000).wall)
    }

    @Test("a root that differs stops it") mutating func alarm() {
        _ = step(link(6), link(7), seal(6, at: 1500), seal(7, at: 2000))
        #expect(step(.applied(LogIndex(6), root: digest("root 6"))).isEmpty)
        let own = StateClaim(
            index: LogIndex(7),
            head: digest("head 7"),
            root: digest("other"),
            voters: voters.digest
        )
        #expect(
            step(.applied(LogIndex(7), root: digest("other")))
                == [.halt(Divergence(own: own, other: Made.point(7).claim))]
        )
        #expect(log.isHalted)
        #expect(step(link(8), seal(8, at: 3000)).isEmpty)
    }

    @Test("two valid seals that contradict each other stop it") mutating func contradiction() {
        _ = step(seal(7, at: 2000))
        let divergence = Divergence(own: Made.point(7).claim, other: Made.point(7, head: "other").claim)
        #expect(step(seal(7, at: 3000, head: "other")) == [.halt(divergence)])
        #expect(step(link(6), link(7)).isEmpty)
    }

    @Test("to begin with another state than is trusted is our own mistake") func otherState() async {
        await #expect(processExitsWith: .failure) {
            let other = Made.point(5, root: "other").claim
            _ = SealedLog(from: try Made.head(Made.point(5), at: 1000), state: other)
        }
    }

    @Test("to apply past the seal is our own mistake") func pastSeal() async {
        await #expect(processExitsWith: .failure) {
            var log = SealedLog(from: try Made.head(Made.point(5), at: 1000))
            _ = log.step(.applied(LogIndex(6), root: .zero), at: Moment(1000).wall, KeyedHash())
        }
    }

    private func offer(_ index: UInt64, at time: UInt64) -> SealedLog.Input {
        guard case .seal(let seal) = seal(index, at: time) else { fatalError("a seal") }
        return .snapshotOffered(seal)
    }

    @Test("a snapshot is taken if the seal that it was offered by says the same") mutating func snapshots() {
        _ = step(link(6), seal(9, at: 2000))
        #expect(step(.snapshot(Made.point(9))) == [.snapshotRefused(.notWanted(wanted: nil))])
        for other in [
            Made.point(9, root: "other"), Made.point(9, head: "other"), Made.point(9, Made.voters([1, 2])),
        ] {
            #expect(step(offer(9, at: 2000)) == [.snapshotWanted(Made.point(9).claim)])
            #expect(step(.snapshot(Made.point(8))) == [.snapshotRefused(.notWanted(wanted: LogIndex(9)))])
            #expect(step(.snapshot(Made.point(5))) == [.snapshotRefused(.goesBack(sealed: LogIndex(5)))])
            let divergence = Divergence(own: other.claim, other: Made.point(9).claim)
            #expect(step(.snapshot(other)) == [.snapshotRefused(.differs(divergence))])
            // It has to be offered anew.
            #expect(step(.snapshot(Made.point(9))) == [.snapshotRefused(.notWanted(wanted: nil))])
        }
        _ = step(offer(9, at: 2000))
        #expect(step(.snapshot(Made.point(9))) == [.mayInstall(LogIndex(9))])
        #expect(step(link(10), seal(10, at: 3000)) == [.mayApply(through: LogIndex(10))])
    }

    @Test("the seal of a snapshot may have been followed by others, and must be one") mutating func olderSnapshots() {
        for index in UInt64(8)...60 { _ = step(seal(index, at: 100 * index + 1000)) }
        guard case .seal(let valid) = seal(50, at: 6000), case .seal(let ahead) = seal(61, at: 7100) else { return }
        let claim = Made.point(50, root: "other").claim
        let (old, term) = (valid.statement, valid.statement.term)
        let forged = SealStatement(lineage: old.lineage, term: term, claim: claim, time: old.time)
        for (seal, reason) in [
            (Seal(statement: forged, signatures: valid.signatures), "another state"),
            (Seal(statement: valid.statement, signatures: Array(valid.signatures.prefix(1))), "too few"),
            (ahead, "the future"),
        ] {
            let effects = step(.snapshotOffered(seal))
            let isRefused = if case .sealRefused = effects.first { effects.count == 1 } else { false }
            #expect(isRefused, "\(reason): \(effects)")
        }
        #expect(step(offer(5, at: 1500)) == [.sealRefused(.indexGoesBack(known: LogIndex(5)))])
        #expect(step(offer(50, at: 6000)) == [.snapshotWanted(Made.point(50).claim)])
        #expect(step(.snapshot(Made.point(50))) == [.mayInstall(LogIndex(50))])
        for index in UInt64(51)...59 { #expect(step(link(index)).isEmpty) }
        #expect(step(link(60)) == [.mayApply(through: LogIndex(60))])
    }

    @Test("what it holds is bounded") mutating func bounds() throws {
        var options = SealOptions()
        options.maxUnsealedLinks = 3
        log = SealedLog(from: try Made.head(Made.point(5), at: 1000), options: options)
        #expect(step(link(6), link(7), link(8), link(9)) == [.linkRefused(.tooMany(limit: 3))])
        #expect(step(seal(8, at: 2000), link(9)) == [.mayApply(through: LogIndex(8))])
        // Of a thousand seals ahead of the chain, the newest counts.
        log = SealedLog(from: try Made.head(Made.point(5), at: 1000))
        for index in 6...1005 as ClosedRange<UInt64> { #expect(step(seal(index, at: 1000 + index)).isEmpty) }
        var reached: [SealedLog.Effect] = []
        for index in 6...1005 as ClosedRange<UInt64> { reached += step(link(index)) }
        #expect(reached.count == SealedLog.maxHeldSeals)
        #expect(reached.last == .mayApply(through: LogIndex(1005)))
        // Nor does it matter that no root is reported.
        #expect(step(link(1006), seal(1006, at: 2006)) == [.mayApply(through: LogIndex(1006))])
    }

    @Test("a chain that keeps behind the seals is followed, and its roots are compared") mutating func behind() {
        let lag: UInt64 = 100
        var reached = 0
        for index in 6...600 as ClosedRange<UInt64> {
            _ = step(seal(index, at: 1000 + index))
            guard index >= 6 + lag else { continue }
            for case .mayApply(let sealed) in step(link(index - lag)) {
                reached += 1
                #expect(step(.applied(sealed, root: digest("root \(sealed.number)"))).isEmpty)
            }
        }
        #expect(reached > 100)
        // And so are those of a state that keeps behind the chain.
        for index in 501...600 as ClosedRange<UInt64> { _ = step(link(index)) }
        _ = step(.applied(log.sealed.index, root: log.sealed.root))
        for index in 601...640 as ClosedRange<UInt64> {
            #expect(step(link(index), seal(index, at: 1000 + index)).count == 1)
        }
        #expect(step(.applied(LogIndex(601), root: digest("other"))).count == 1)
        #expect(log.isHalted)
    }

    @Test("goes on after a restart from a state that is behind what is sealed") mutating func restart() throws {
        log = SealedLog(from: try Made.head(Made.point(7), at: 1000), state: Made.point(5).claim)
        #expect(log.nextIndex == LogIndex(6))
        #expect(step(link(6), link(7)) == [.mayApply(through: LogIndex(7))])
    }

    @Test("follows a change of the voters") mutating func transition() {
        let next = Made.voters([2, 3, 4])
        let transition = Made.transition(Made.point(6, next), at: 2000, by: [3, 4], from: voters, endorsedBy: [1, 2])
        #expect(step(link(6), link(7), .transition(transition)) == [.mayApply(through: LogIndex(6))])
        #expect(step(seal(7, at: 3000)) == [.sealRefused(.unknownVoters(voters.digest))])
        #expect(
            step(.seal(Made.seal(Made.point(7, next), at: 3000, by: [2, 4]))) == [.mayApply(through: LogIndex(7))]
        )
    }

    @Test("a state of which nothing is known is proven by a seal of its index, or by the root that a later one has")
    mutating func unproven() throws {
        let trusted = try Made.head(Made.point(5), at: 1000)
        log = SealedLog(from: trusted, state: Made.point(4).claim, isOwn: false)
        #expect(!log.isProven)
        #expect(step(link(5)) == [.mayApply(through: LogIndex(5))])
        #expect(step(.applied(LogIndex(5), root: Made.point(5).root)).isEmpty && log.isProven)

        log = SealedLog(from: trusted, state: Made.point(8).claim)
        #expect(!log.isProven)
        // What is sealed before it says nothing of it.
        #expect(step(seal(7, at: 2000)).isEmpty && !log.isProven)
        #expect(step(seal(8, at: 3000)).isEmpty && log.isProven)

        log = SealedLog(from: trusted, state: Made.point(8).claim)
        #expect(step(link(9), seal(9, at: 2000)) == [.mayApply(through: LogIndex(9))])
        #expect(!log.isProven)
        #expect(step(.applied(LogIndex(9), root: Made.point(9).root)).isEmpty && log.isProven)
    }

    @Test("a state that a seal gives the lie to is found out") mutating func wrongState() throws {
        let trusted = try Made.head(Made.point(5), at: 1000)
        let wrong = Made.point(8, root: "wrong").claim
        log = SealedLog(from: trusted, state: wrong)
        let divergence = Divergence(own: wrong, other: Made.point(8).claim)
        #expect(step(seal(8, at: 3000)) == [.halt(divergence)])
        #expect(!log.isProven && log.isHalted)
    }

    @Test("others are taken in the place of links that no seal has proved") mutating func forgotten() {
        #expect(step(link(6), link(7, "bogus"), link(8, after: "bogus", "bogus")).isEmpty)
        #expect(step(.forget(from: LogIndex(7))).isEmpty)
        #expect(log.nextIndex == LogIndex(7))
        #expect(step(link(7), link(8), seal(8, at: 2000)) == [.mayApply(through: LogIndex(8))])
        // What is sealed stays, and nothing after it.
        #expect(step(link(9), .forget(from: LogIndex(6))).isEmpty)
        #expect(log.nextIndex == LogIndex(9))
    }
}
