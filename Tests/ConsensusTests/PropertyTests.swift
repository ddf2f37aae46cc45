import Consensus
import Kernel
import Testing

@Suite("Raft, whatever the schedule") struct PropertyTests {
    static let seeds: [UInt64] = Array(0..<96)

    @Test("is safe, and lives when the faults end", arguments: seeds)
    func safety(seed: UInt64) {
        var options = RaftOptions()
        options.windowBytes = 400
        options.maxAppendBytes = 300
        options.maxInflightAppends = 4
        var group = Group(seed % 4 == 3 ? 5 : 3, options: options)
        var random = SeededRandom(seed: seed)
        var proposed = 0
        for _ in 0..<8000 { hostileStep(&group, &random, &proposed) }
        #expect(group.violations.isEmpty, "seed \(seed): \(group.violations.prefix(3))")

        group.settle()
        group.pass(.seconds(5))
        let before = group.committed.count
        if let leader = group.leader() { group.propose("last", at: leader) }
        group.pass(.seconds(2))
        #expect(group.committed.count > before, "seed \(seed): nothing commits after healing")
        let lengths = group.members.map(\.state.count)
        #expect(Set(lengths).count == 1, "seed \(seed): states differ in length after healing: \(lengths)")
        #expect(group.violations.isEmpty, "seed \(seed): \(group.violations.prefix(3))")
        #expect(proposed > 20, "seed \(seed) proposed \(proposed) times: too hostile to mean anything")
        #expect(group.committed.count > 10, "seed \(seed) committed \(group.committed.count) entries only")
    }

    /// One thing happens: mostly progress, sometimes a fault.
    private func hostileStep(_ group: inout Group, _ random: inout SeededRandom, _ proposed: inout Int) {
        let place = Int.random(in: group.ids.indices, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45 where !group.mail.isEmpty:
            // Out of order within a short distance.
            group.deliver(Int.random(in: 0..<min(4, group.mail.count), using: &random))
        case 45..<48 where !group.mail.isEmpty:
            group.mail.remove(at: Int.random(in: group.mail.indices, using: &random))
        case 48..<50 where !group.mail.isEmpty:
            group.mail.append(group.mail[Int.random(in: group.mail.indices, using: &random)])
        case 50..<70: group.sync(place)
        case 70..<80: group.apply(place)
        case 80..<86:
            if let leader = group.leader() {
                proposed += 1
                group.propose("c\(proposed)", at: leader)
            }
        case 86..<98:
            group.now = group.now.advanced(by: Span(microseconds: UInt64.random(in: 0..<30_000, using: &random)))
            if group.members[place].raft.nextWake.map({ $0 <= group.now }) == true { group.step(place, .wake) }
        case 98: group.crash(place)
        default: Bool.random(using: &random) ? group.compact(place) : isolate(place, &group, &random)
        }
    }

    /// Everything under way to and from one member is lost.
    private func isolate(_ place: Int, _ group: inout Group, _ random: inout SeededRandom) {
        let isCut = group.isCut([place])
        group.mail.removeAll(where: isCut)
    }
}
