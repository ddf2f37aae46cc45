import Kernel
import Testing

@testable import ReeveClient

private let (near, middle, far) = (address("a"), address("b"), address("c"))

func address(_ name: String) -> NodeAddress { NodeAddress(decisions: "https://\(name):1") }
func at(_ milliseconds: UInt64) -> Instant { Instant(microseconds: milliseconds * 1000) }

@Suite("Selection of nodes") struct NodeSelectionTests {
    /// Three nodes of 1, 10 and 20 ms, measured in the reverse of the seeds' order.
    private func measured(_ change: (inout SelectionOptions) -> Void = { _ in }) -> NodeSelection {
        var options = SelectionOptions()
        change(&options)
        var nodes = NodeSelection(seeds: [far, middle, near], options: options)
        nodes.probed(far, after: .milliseconds(20))
        nodes.probed(middle, after: .milliseconds(10))
        nodes.probed(near, after: .milliseconds(1))
        return nodes
    }

    @Test("before anything is measured, seeds are asked in their order") func unmeasured() {
        let nodes = NodeSelection(seeds: [middle, far, middle, near])
        #expect(nodes.order == [middle, far, near])
        #expect(nodes.nearest == nil)
    }

    @Test("the nearest is asked first, then by round trip") func nearestFirst() {
        #expect(measured().order == [near, middle, far])
    }

    @Test(
        "another node takes the nearest one's place only by a clear difference",
        // Smoothed from 10 ms; what the rival takes; whether it wins.
        arguments: [(9.0, false), (7.1, false), (7.0, true), (1.0, true)]
    )
    func hysteresis(milliseconds: Double, wins: Bool) {
        var nodes = NodeSelection(seeds: [near, far])
        nodes.probed(far, after: .milliseconds(10))
        nodes.probed(near, after: Span(microseconds: UInt64(milliseconds * 1000)))
        #expect(nodes.nearest == (wins ? near : far))
    }

    @Test("a difference of less than the margin is none, however large a part") func margin() {
        var nodes = NodeSelection(seeds: [near, far])
        nodes.probed(far, after: Span(microseconds: 390))
        nodes.probed(near, after: Span(microseconds: 100))
        #expect(nodes.nearest == far)
        var others = NodeSelection(seeds: [near, far])
        others.probed(far, after: Span(microseconds: 400))
        others.probed(near, after: Span(microseconds: 100))
        #expect(others.nearest == near)
    }

    @Test("a failed node comes last, and back by a probe that it answers") func failure() {
        var nodes = measured()
        nodes.failed(near, askedAt: at(0), at: at(5))
        #expect(nodes.order == [middle, far, near])
        #expect(nodes.nearest == middle)
        #expect(nodes.node(near)?.downUntil == at(105))
        nodes.probed(near, after: .milliseconds(1))
        #expect(nodes.order == [near, middle, far])
        #expect(nodes.node(near)?.failureCount == 1)
    }

    @Test("the time for which a node is left alone doubles up to its bound, and a decision ends that") func backoff() {
        var nodes = measured()
        var now: UInt64 = 0
        var waits: [UInt64] = []
        for _ in 0..<70 {
            now += 20_000
            nodes.failed(near, askedAt: at(now - 1), at: at(now))
            waits.append((nodes.node(near)?.downUntil ?? .zero).elapsed(since: at(now)).milliseconds)
            nodes.probed(near, after: .milliseconds(1))
        }
        #expect(waits.prefix(9) == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
        #expect(waits.suffix(1) == [10_000])
        nodes.answered(near, after: .milliseconds(1), at: at(now))
        nodes.failed(near, askedAt: at(now + 1), at: at(now + 2))
        #expect(nodes.node(near)?.downUntil == at(now + 102))
    }

    @Test("calls that were on their way when a node failed count as one failure") func together() {
        var nodes = measured()
        for _ in 0..<50 { nodes.failed(near, askedAt: at(3), at: at(5)) }
        #expect(nodes.node(near)?.failureCount == 1)
        #expect(nodes.node(near)?.downUntil == at(105))
        nodes.failed(near, askedAt: at(6), at: at(7))
        #expect(nodes.node(near)?.failureCount == 2)
    }

    @Test("when all are down, the one whose time is over first is asked first") func allDown() {
        var nodes = measured()
        nodes.failed(far, askedAt: at(0), at: at(9))
        nodes.failed(near, askedAt: at(0), at: at(5))
        nodes.failed(middle, askedAt: at(0), at: at(7))
        #expect(nodes.order == [near, middle, far])
        #expect(nodes.nearest == nil)
    }

    @Test("a hedge waits for the p95, within its bounds")
    func hedgeDelay() {
        var nodes = NodeSelection(seeds: [near])
        #expect(nodes.hedgeDelay(of: near) == .milliseconds(50))
        for value in 1...20 { nodes.probed(near, after: .milliseconds(UInt64(value))) }
        #expect(nodes.hedgeDelay(of: near) == .milliseconds(19))
        for _ in 0..<64 { nodes.probed(near, after: Span(microseconds: 10)) }
        #expect(nodes.hedgeDelay(of: near) == .milliseconds(1))
        for _ in 0..<64 { nodes.probed(near, after: .seconds(3)) }
        #expect(nodes.hedgeDelay(of: near) == .milliseconds(100))
    }

    @Test("hedges are a tenth of the calls in the long run, and ten at once") func hedgeBudget() {
        var nodes = NodeSelection(seeds: [near, far])
        let atOnce = (0..<20).count { _ in nodes.takeHedge() }
        #expect(atOnce == 10)
        var count = 0
        for _ in 0..<1000 {
            nodes.countCall()
            if nodes.takeHedge() { count += 1 }
        }
        #expect(count == 100)
    }

    @Test("the round trip that opens a connection is not counted") func connecting() {
        var nodes = NodeSelection(seeds: [near])
        nodes.answered(near, after: .milliseconds(40), at: at(0))
        #expect(nodes.node(near)?.latency.smoothed == nil)
        nodes.answered(near, after: .milliseconds(2), at: at(1))
        #expect(nodes.node(near)?.latency.smoothed == .milliseconds(2))
        nodes.failed(near, askedAt: at(2), at: at(3))
        nodes.answered(near, after: .milliseconds(40), at: at(4))
        #expect(nodes.node(near)?.latency.smoothed == .milliseconds(2))
    }

    @Test("a node that others answer in place of loses its place") func outwaited() {
        var nodes = measured()
        for _ in 0..<20 { nodes.outwaited(near, after: .milliseconds(60)) }
        #expect(nodes.nearest == middle)
    }

    @Test("probes: all at first, then each in its interval, which a call begins anew; one that is down, after its time")
    func probes() {
        var nodes = NodeSelection(seeds: [near, middle, far])
        #expect(nodes.nextProbe == .zero)
        #expect(nodes.takeProbes(at: at(0)) == [near, middle, far])
        #expect(nodes.takeProbes(at: at(9_999)) == [])
        nodes.answered(near, after: .milliseconds(1), at: at(5_000))
        nodes.failed(far, askedAt: at(5_000), at: at(5_001))
        #expect(nodes.nextProbe == at(5_101))
        #expect(nodes.takeProbes(at: at(5_100)) == [])
        #expect(nodes.takeProbes(at: at(5_101)) == [far])
        #expect(nodes.takeProbes(at: at(5_102)) == [], "the probe is on its way")
        nodes.failed(far, askedAt: at(5_101), at: at(5_300))
        #expect(nodes.nextProbe == at(5_500))
        #expect(nodes.takeProbes(at: at(10_000)) == [middle, far])
    }

    @Test("members come and go, seeds stay, and there is a bound") func learn() {
        var options = SelectionOptions()
        options.maximumNodeCount = 3
        var nodes = NodeSelection(seeds: [far], options: options)
        nodes.learn([address("z"), middle, far, near])
        #expect(nodes.nodes.map(\.address) == [far, near, middle])
        nodes.probed(near, after: .milliseconds(1))
        nodes.learn([address("z"), middle])
        #expect(nodes.nodes.map(\.address) == [far, middle, address("z")])
        #expect(nodes.nearest != near)
        nodes.learn([])
        #expect(nodes.nodes.count == 3, "a list of nobody says nothing")
    }

    @Test("whatever happens, all nodes are in the order once, those up before those down", arguments: 0..<200)
    func properties(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let names = ["a", "b", "c", "d", "e"].map { address($0) }
        var nodes = NodeSelection(seeds: [names[0], names[1]])
        var (clock, switches) = (UInt64(0), 0)
        for _ in 0..<300 {
            clock += random.next() % 300
            let node = names[Int(random.next() % 5)]
            let before = nodes.nearest
            switch random.next() % 6 {
            case 0: nodes.learn(names.filter { _ in random.next() % 2 == 0 })
            case 1: nodes.failed(node, askedAt: at(clock), at: at(clock + 1))
            case 2: nodes.outwaited(node, after: .milliseconds(random.next() % 50))
            case 3:
                let due = nodes.takeProbes(at: at(clock))
                for node in due { nodes.probed(node, after: .milliseconds(clock % 9 + 1)) }
            default: nodes.answered(node, after: .milliseconds(random.next() % 20 + 1), at: at(clock))
            }
            if nodes.nearest != before { switches += 1 }
            let order = nodes.order
            #expect(Set(order).count == order.count && Set(order) == Set(nodes.nodes.map(\.address)))
            #expect(order.starts(with: [names[0]]) || order.contains(names[0]), "a seed was forgotten")
            let isUp = order.map { nodes.node($0)?.isUp == true }
            #expect(!zip(isUp, isUp.dropFirst()).contains { !$0 && $1 }, "down before up")
            if let nearest = nodes.nearest { #expect(order.first == nearest && isUp.first == true) }
        }
        #expect(switches > 0, "seed \(seed) switched nothing")
    }
}
