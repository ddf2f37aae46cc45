import Gossip
import Kernel
import Testing

/// A hundred nodes, 5 % of loss, a fifth of them relays that take and drop, and some that lie.
@Suite("Hundred nodes") struct NetworkTests {
    @Test(
        "a record reaches every honest node within a second and is judged once at each",
        arguments: [1, 2, 3] as [UInt64]
    )
    func record(seed: UInt64) {
        var network = SmallNetwork(count: 100, seed: seed, dropping: 20)
        network.run(.seconds(2))
        network.step(network.honest[1], .publish(statement(1)))
        network.run(.seconds(1))
        #expect(network.honest.allSatisfy { network.taken[$0].contains(statement(1).id) })
        network.run(.seconds(30))
        // By all but the one that published it.
        #expect(network.judgements == 99)
    }

    @Test(
        "among liars the log and records reach all, garbage none, and nobody is given up",
        arguments: [4, 5] as [UInt64]
    )
    func liars(seed: UInt64) {
        var network = SmallNetwork(count: 100, seed: seed, dropping: 20, lying: 10)
        network.run(.seconds(2))
        for number in 1...20 as ClosedRange<UInt8> {
            network.commit(5)
            network.step(network.honest[Int(number)], .publish(statement(number)))
            network.run(.milliseconds(300))
        }
        network.run(.seconds(5))
        for place in network.honest {
            #expect(network.nodes[place]?.head.index == LogIndex(100), "node \(place)")
            #expect(network.taken[place].count == 20, "node \(place)")
            #expect(network.nodes[place]?.accusations.isEmpty == true, "node \(place)")
        }
        let refused = network.honest.reduce(0) { $0 + (network.nodes[$1]?.counters.recordsRefused ?? 0) }
        #expect(refused > 100)
    }

    @Test("a node that ends is given up by all, nobody else is, and when it comes back all see it")
    func ends() {
        var network = SmallNetwork(count: 100, seed: 6, dropping: 20)
        network.run(.seconds(3))
        let gone = network.honest[5]
        network.nodes[gone] = nil
        network.run(.seconds(60))
        for place in network.honest {
            #expect(network.nodes[place]?.accusations.map(\.member) == [member(UInt64(gone))], "node \(place)")
        }
        network.start(gone)
        network.open(gone)
        network.run(.seconds(5))
        for place in network.honest { #expect(network.nodes[place]?.accusations.isEmpty == true, "node \(place)") }
    }

    @Test("a node that was cut off catches up within seconds, log and records")
    func cutOff() {
        var network = SmallNetwork(count: 100, seed: 7, dropping: 20)
        network.run(.seconds(3))
        let apart = network.honest[5]
        network.close(apart)
        for number in 1...50 as ClosedRange<UInt8> {
            network.commit(200)
            network.step(network.honest[1], .publish(statement(number)))
            network.run(.seconds(1))
        }
        #expect(network.nodes[apart]?.head == LogHead.none)
        #expect(network.taken[apart].isEmpty)
        network.open(apart)
        network.run(.seconds(10))
        #expect(network.nodes[apart]?.head.index == LogIndex(10_000))
        #expect(network.taken[apart].count == 50)
        #expect(network.honest.allSatisfy { network.nodes[$0]?.reachability(of: member(UInt64(apart))) == .reachable })
        #expect(network.slowed == 0)
    }
}
