import Kernel
import Simulator
import Testing

@Suite("Worlds of gossiping nodes") struct GossipWorldTests {
    static func hostile(_ count: Int, seed: UInt64) -> GossipWorldOptions {
        GossipWorldOptions(
            nodeCount: count,
            seed: seed,
            network: GossipNetwork(lossPerMillion: 50_000),
            downPerMillion: 50_000,
            droppingPerMillion: 200_000
        )
    }

    static func hearings(_ options: GossipWorldOptions) -> [Span?] {
        var world = GossipWorld(options)
        world.run(until: Instant.zero.advanced(by: .seconds(2)))
        let start = world.now
        world.revoke(at: world.drawHonest())
        world.run(until: start.advanced(by: .seconds(2)))
        return world.hearings.map { $0?.elapsed(since: start) }
    }

    @Test("a seed is a run: the same one gives the same times, another gives others")
    func deterministic() {
        let times = Self.hearings(Self.hostile(100, seed: 3))
        #expect(times == Self.hearings(Self.hostile(100, seed: 3)))
        #expect(times != Self.hearings(Self.hostile(100, seed: 4)))
    }

    @Test("a revocation reaches all that are live and honest in a hostile network", arguments: [1, 2, 3] as [UInt64])
    func revocation(seed: UInt64) {
        let times = Self.hearings(Self.hostile(400, seed: seed))
        #expect((250...350).contains(times.count))
        #expect(times.allSatisfy { $0.map { $0 < .milliseconds(1500) } ?? false })
        // Nobody hears of it sooner than checking takes, but the one that made it.
        #expect(times.count { $0 == .zero } == 1)
        #expect(times.allSatisfy { $0 == .zero || $0.map { $0 > .milliseconds(3) } ?? false })
    }

    @Test("coordinates tell round trips after two minutes") func coordinates() throws {
        var world = GossipWorld(
            GossipWorldOptions(nodeCount: 60, seed: 2, network: GossipNetwork(lossPerMillion: 10_000))
        )
        world.run(until: Instant.zero.advanced(by: .seconds(3)))
        let before = world.coordinateErrors(pairs: 500)
        world.run(until: Instant.zero.advanced(by: .seconds(120)))
        let errors = world.coordinateErrors(pairs: 500)
        #expect(errors.count > 400)
        #expect(before[before.count / 2] > 0.5)
        #expect(errors[errors.count / 2] < 0.1, "\(errors[errors.count / 2])")
    }

    @Test("nodes that end are found, and nobody else")
    func churn() {
        var world = GossipWorld(
            GossipWorldOptions(nodeCount: 100, seed: 5, network: GossipNetwork(lossPerMillion: 10_000))
        )
        world.run(until: Instant.zero.advanced(by: .seconds(3)))
        world.scheduleChurn(perMinute: 0.05, until: Instant.zero.advanced(by: .seconds(63)))
        world.run(until: Instant.zero.advanced(by: .seconds(100)))
        #expect(world.churn?.deaths.count == 5)
        #expect(world.churn?.deaths.allSatisfy { $0.concludedAt != nil } == true)
        #expect(world.churn?.joined == 5)
        #expect(world.churn?.falseDeaths.isEmpty == true)
        #expect(world.runningCount == 100)
    }

    @Test("memberlist's gossip reaches nearly all within rounds, and sends no more than it may")
    func memberlist() {
        var rivals = GossipRivals(
            GossipWorldOptions(nodeCount: 1000, seed: 1, network: GossipNetwork(lossPerMillion: 0))
        )
        let outcome = rivals.memberlist()
        #expect(outcome.hearings.count == 1000)
        #expect(outcome.hearings.count { $0 == nil } < 5)
        // A thousand have four digits: sixteen times each, 440 bytes.
        let most = 1000 * 16 * 440
        #expect((most * 99 / 100...most).contains(outcome.bytes))
        let slowest = outcome.hearings.compactMap { $0 }.max() ?? .zero
        #expect((Span.milliseconds(800)...Span.milliseconds(3500)).contains(slowest))
    }

    @Test("who pulls hears within its interval and a round trip")
    func pull() {
        var rivals = GossipRivals(
            GossipWorldOptions(nodeCount: 1000, seed: 1, network: GossipNetwork(lossPerMillion: 0))
        )
        let times = rivals.pull(each: .seconds(1)).hearings.compactMap { $0 }
        #expect(times.count == 1000)
        #expect((Span.milliseconds(950)...Span.milliseconds(1300)).contains(times.max() ?? .zero))
        let mean = times.reduce(0) { $0 + $1.milliseconds } / 1000
        #expect((450...750).contains(mean))
    }
}
