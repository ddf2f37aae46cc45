import Kernel
import Sealing
import Testing

/// docs/decisions/0034, over many schedules.
@Suite("Seals through changes of leaders and voters") struct SealWorldTests {
    static let seeds: [UInt64] = Array(0..<40)

    private static func run(_ seed: UInt64) -> SealWorld {
        var world = SealWorld(seed: seed)
        world.run(steps: 5000)
        return world
    }

    @Test("no seal contradicts another or the log, and none is fresher than what it covers", arguments: seeds)
    func safety(seed: UInt64) {
        let world = Self.run(seed)
        var claims: [LogIndex: StateClaim] = [:]
        for made in world.seals {
            let statement = made.seal.statement
            let index = Int(statement.index.number)
            #expect(
                claims[statement.index] ?? statement.claim == statement.claim,
                "seed \(seed): two seals of \(index)"
            )
            claims[statement.index] = statement.claim
            #expect(world.committed[index - 1].hash == statement.claim.head, "seed \(seed): not the log's \(index)")
            #expect(world.committed[index - 1].voters.digest == statement.claim.voters)
            // By the clock of the leader that dated the seal.
            let offset = world.nodes[Int(made.leader) - 1].offset
            let later = world.committed.dropFirst(index).first
            #expect(
                later.map { Moment($0.at + offset).wall >= statement.time } ?? true,
                "seed \(seed): the seal \(statement) does not cover what was committed before"
            )
        }
        #expect(world.seals.count >= 1, "seed \(seed) sealed nothing")
    }

    @Test("the schedules reach what they are for")
    func coverage() {
        let worlds = Self.seeds.prefix(15).map { Self.run($0) }
        #expect(worlds.map(\.seals.count).reduce(0, +) > 100)
        #expect(worlds.map(\.transitions).reduce(0, +) > 15)
        #expect(worlds.map(\.elections).reduce(0, +) > 60)
        #expect(worlds.map(\.forgeries).reduce(0, +) > 100)
        let receivers = worlds.flatMap(\.receivers)
        #expect(receivers.map(\.refusedForgeries).reduce(0, +) > 100)
        #expect(receivers.map(\.applied.count).reduce(0, +) > 1000)
        #expect(receivers.contains { $0.log.trusted.voters != worlds[0].genesis && $0.applied.count > 20 })
    }
}
