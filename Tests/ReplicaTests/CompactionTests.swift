import Consensus
import Kernel
import Replica
import Testing

@Suite("Cutting the log") struct CompactionTests {
    /// One that has applied some twenty entries, from index 2 on.
    private func leader(_ options: ReplicaOptions = ReplicaOptions()) -> Voter {
        var leader = Voter(options: options)
        leader.campaign()
        for number in 0..<20 {
            leader.hear(.forward(RequestID(UInt64(number)), command: leader.command("\(number)")))
            leader.commit()
        }
        return leader
    }

    private func cuts(_ voter: Voter) -> [UInt64] {
        voter.effects.compactMap { if case .compact(let index) = $0 { index.number } else { nil } }
    }

    @Test("begins where there is more than is kept, and enough of it to be worth the work") func byCount() {
        var options = ReplicaOptions()
        (options.keptEntries, options.compactionStep) = (5, 10)
        let leader = leader(options)
        #expect(cuts(leader) == [12], "once, since nobody says that it is done")
    }

    @Test("leaves the newer half where the log is large though its entries are few") func bySize() {
        var leader = leader()
        #expect(cuts(leader).isEmpty)
        let applied = leader.node.applied.position.index.number
        leader.step(.logSize(isLarge: true))
        #expect(cuts(leader) == [2 + (applied - 1) / 2])
        leader.step(.logSize(isLarge: true))
        #expect(cuts(leader).count == 1, "one at a time")
        leader.step(.compacted(firstIndex: LogIndex(12)))
        leader.hear(.forward(RequestID(99), command: leader.command("more")))
        leader.commit()
        #expect(cuts(leader).count == 2, "it is large as before")
        leader.step(.compacted(firstIndex: LogIndex(17)))
        leader.step(.logSize(isLarge: false))
        leader.hear(.forward(RequestID(100), command: leader.command("and more")))
        leader.commit()
        #expect(cuts(leader).count == 2)
    }

    @Test("leaves nothing that is applied but its end where there is no room to write to") func whenFull() {
        var leader = leader()
        leader.step(.storage(isFull: true))
        #expect(cuts(leader) == [leader.node.applied.position.index.number])
    }
}
