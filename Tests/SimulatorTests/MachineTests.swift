import Consensus
import Kernel
import Simulator
import Testing

@Suite("Virtual log disk")
struct VirtualLogDiskTests {
    private let entries = Fixtures.entries(terms: [1, 1, 1, 2])

    @Test("a write is durable when its batch completes, and not before")
    func durability() {
        var disk = Fixtures.disk([])
        let begins = disk.begin(Fixtures.write(1, Array(entries[..<2]), term: 3))
        #expect(begins)
        #expect(disk.last == .zero)
        let completions = disk.completeBatch()
        #expect(completions.map(\.last) == [entries[1].position])
        #expect(disk.hardState.term == Term(3))
        #expect(!disk.isWriting)
    }

    @Test("writes that come meanwhile form the next batch")
    func groupCommit() {
        var disk = Fixtures.disk([])
        let begins = (0..<3).map { disk.begin(Fixtures.write(UInt64($0) + 1, [entries[$0]])) }
        #expect(begins == [true, false, false])
        let first = disk.completeBatch()
        #expect(first.map(\.write.id.number) == [1])
        #expect(disk.isWriting)
        let second = disk.completeBatch()
        #expect(second.map(\.write.id.number) == [2, 3])
        #expect(disk.last == entries[2].position)
    }

    @Test("a crash keeps what is durable and loses what is not", arguments: 0...2)
    func crash(survivors: Int) {
        var disk = Fixtures.disk([entries[0]])
        _ = disk.begin(Fixtures.write(1, [entries[1]]))
        _ = disk.begin(Fixtures.write(2, [entries[2]]))
        _ = disk.crash(keeping: survivors)
        #expect(disk.last == entries[survivors].position)
        #expect(!disk.isWriting)
        #expect(disk.pendingCount == 0)
    }

    @Test("entries replace everything from the first of them on")
    func overwrites() {
        var disk = Fixtures.disk(entries)
        let other = Fixtures.entries(terms: [1, 1, 5], mark: 9)
        let replacement = Entry(
            position: other[2].position,
            time: other[2].time,
            previousHash: entries[1].hash,
            payload: other[2].payload
        )
        _ = disk.begin(Fixtures.write(1, [replacement]))
        let completion = disk.completeBatch()[0]
        #expect(completion.dropped.map(\.entry) == Array(entries[2...]))
        #expect(disk.last == replacement.position)
    }

    @Test("compaction drops a prefix and remembers what preceded the rest")
    func compaction() {
        var disk = Fixtures.disk(entries)
        disk.compact(before: LogIndex(3), applied: LogIndex(4))
        #expect(disk.firstIndex == LogIndex(3))
        #expect(disk.base.position == entries[1].position)
        #expect(disk.base.hash == entries[1].hash)
        #expect(disk.range(from: LogIndex(2), maxBytes: .max)?.entries == nil)
        #expect(disk.range(from: LogIndex(3), maxBytes: .max)?.previous == entries[1].position)
        #expect(disk.range(from: LogIndex(3), maxBytes: 1)?.entries == [entries[2]])
        let restored = disk.restored(hidingThrough: LogIndex(3), applied: LogIndex(4))
        #expect(restored.entries == [entries[3]])
        #expect(restored.base.position == entries[2].position)
        #expect(restored.firstIndex == LogIndex(3))
    }
}

@Suite("Virtual network")
struct VirtualNetworkTests {
    @Test("nothing crosses a partition, in either direction, until it heals")
    func partition() {
        var network = VirtualNetwork(NetworkLayout(machineCount: 3))
        network.isolate(1)
        let toIsolated = network.arrivals(from: 0, to: 1, at: .zero, .prompt).first
        let fromIsolated = network.arrivals(from: 1, to: 0, at: .zero, .prompt).first
        let elsewhere = network.arrivals(from: 0, to: 2, at: .zero, .prompt).first
        #expect(toIsolated == nil)
        #expect(fromIsolated == nil)
        #expect(elsewhere != nil)
        #expect([0, 1, 2].map { network.reaches(1, $0) } == [false, true, false])
        network.heal()
        #expect(network.connects(0, 1))
        network.split([[0], [1, 2]])
        #expect(!network.connects(0, 2))
        #expect(network.connects(1, 2))
    }

    @Test("a link that carries little has each frame wait for those before it, and loses what would wait too long")
    func bandwidth() {
        var network = VirtualNetwork(NetworkLayout(machineCount: 2))
        network.take(NetworkQuality(minimumLatency: .milliseconds(1), bandwidth: 1000))
        func arrival(_ bytes: Int, at milliseconds: UInt64 = 0, from: Int = 0) -> Instant? {
            let now = Instant(microseconds: milliseconds * 1000)
            return network.arrivals(from: from, to: 1 - from, at: now, .prompt, byteCount: bytes).first
        }
        #expect(arrival(500) == Instant(microseconds: 501_000))
        #expect(arrival(100) == Instant(microseconds: 601_000), "behind the first")
        #expect(arrival(100, from: 1) == Instant(microseconds: 101_000), "the other way is another link")
        #expect(arrival(100, at: 2000) == Instant(microseconds: 2_101_000), "an idle link saves nothing up")
        #expect(arrival(6000, at: 3000) != nil)
        #expect(arrival(1, at: 3000) == nil)
        network.take(.good)
        #expect(arrival(500, at: 20_000) == Instant(microseconds: 20_000_200))
    }

    @Test("a link that is clogged delivers nothing, and then everything at once")
    func clog() {
        var network = VirtualNetwork(NetworkLayout(machineCount: 2))
        let end = Instant(microseconds: 3_000_000)
        network.clog(from: 0, to: 1, until: end)
        for time in [0, 1_000_000, 2_000_000] as [UInt64] {
            let now = Instant(microseconds: time)
            #expect(network.arrivals(from: 0, to: 1, at: now, .prompt).first == end)
            #expect(
                network.arrivals(from: 1, to: 0, at: now, .prompt).first == now.advanced(by: Span(microseconds: 200))
            )
            #expect(!network.isUndisturbed(at: now) && network.clogsSome(at: now))
        }
        #expect(!network.clogsSome(at: end))
        #expect(network.connects(0, 1), "nothing is lost")
    }

    @Test("zones of a scenario are as far from each other as their latencies together")
    func zones() {
        let zones = [Zone([0], latency: .milliseconds(2)), Zone([1], latency: .milliseconds(40))]
        let layout = NetworkLayout(zones, machineCount: 3, lossPPM: 0)
        #expect(layout.distance(0, 1) == .milliseconds(42))
        #expect(layout.distance(1, 0) == .milliseconds(42))
        #expect(layout.distance(0, 2) == .zero, "who is not named stands in the first")
        let scenario = Scenario(name: "zones", zones: zones, drawsFaults: false)
        #expect(scenario.flaw == nil)
        #expect(Scenario(zones: [Zone([0], latency: .zero), Zone([0], latency: .zero)]).flaw != nil)
        #expect(Scenario(zones: [Zone([3], latency: .zero)]).flaw != nil)
    }

    @Test("a link that is cut loses what is sent one way, until it heals")
    func oneWay() {
        var network = VirtualNetwork(NetworkLayout(machineCount: 3))
        let before = network.epoch
        network.cut(from: 0, to: 1)
        #expect(network.epoch > before)
        #expect(network.arrivals(from: 0, to: 1, at: .zero, .prompt).first == nil)
        #expect(network.arrivals(from: 1, to: 0, at: .zero, .prompt).first != nil)
        #expect(network.arrivals(from: 0, to: 2, at: .zero, .prompt).first != nil)
        #expect([network.reaches(0, 1), network.reaches(1, 0), network.reaches(0, 2)] == [false, false, true])
        network.cut(from: 2, to: 2)
        #expect(network.reaches(2, 2), "a node always hears itself")
        network.heal()
        #expect(network.reaches(0, 1))
    }

    @Test("a link keeps its order, unless it is told to reorder", arguments: [true, false])
    func order(reorders: Bool) {
        var network = VirtualNetwork(NetworkLayout(machineCount: 2))
        network.take(NetworkQuality(reorders: reorders))
        let times = [9, 3, 0].compactMap { milliseconds in
            network.arrivals(from: 0, to: 1, at: .zero, MessageFate(delay: .milliseconds(milliseconds))).first
        }
        #expect(times.count == 3)
        #expect((times == times.sorted()) == !reorders)
        #expect(times[0] == Instant(microseconds: 9200))
    }

    @Test("a message is lost, or comes twice, as its fate says")
    func fates() {
        var network = VirtualNetwork(NetworkLayout(machineCount: 2))
        network.take(NetworkQuality(reorders: true))
        let lost = network.arrivals(from: 0, to: 1, at: .zero, .lost)
        #expect(lost.first == nil)
        #expect(lost.second == nil)
        let fate = MessageFate(delay: .zero, duplicateDelay: .milliseconds(1))
        let twice = network.arrivals(from: 0, to: 1, at: .zero, fate)
        #expect(twice.first == Instant(microseconds: 200))
        #expect(twice.second == Instant(microseconds: 1200))
    }
}

extension MessageFate {
    fileprivate static let prompt = MessageFate(delay: .zero)
}

@Suite("Virtual clock")
struct VirtualClockTests {
    @Test("the true time of a reading is the first at which the clock shows it", arguments: [-800, 0, 799] as [Int64])
    func inverse(drift: Int64) {
        let clock = VirtualClock(
            start: Instant(microseconds: 1_234_567),
            driftPPM: drift,
            wallErrorMilliseconds: 0
        )
        for reading in [0, 1, 999, 1_000_000, 29_999_999, 3_600_000_000] as [UInt64] {
            let time = clock.trueTime(of: Instant(microseconds: reading))
            #expect(clock.monotonic(at: time) >= Instant(microseconds: reading))
            if time.microseconds > 1_234_567 {
                #expect(clock.monotonic(at: Instant(microseconds: time.microseconds - 1)).microseconds < reading)
            }
        }
    }

    @Test("a step moves the wall clock alone")
    func step() {
        var clock = VirtualClock(start: .zero, driftPPM: 0, wallErrorMilliseconds: 0)
        let time = Instant(microseconds: 5_000_000)
        let monotonic = clock.monotonic(at: time)
        clock.step(byMilliseconds: -3000)
        #expect(clock.monotonic(at: time) == monotonic)
        #expect(clock.wall(at: time).milliseconds == VirtualClock.worldStart.milliseconds + 2000)
        #expect(!clock.isGood)
    }
}

@Suite("Event queue")
struct EventQueueTests {
    @Test("events come by time, and in order of scheduling at one time")
    func order() {
        var queue = EventQueue<Int>()
        var random = SeededRandom(seed: 5)
        var expected: [(time: UInt64, number: Int)] = []
        for number in 0..<500 {
            let time = random.next() % 40
            queue.schedule(number, at: Instant(microseconds: time))
            expected.append((time, number))
        }
        expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        var seen: [Int] = []
        while let (_, event) = queue.pop() { seen.append(event) }
        #expect(seen == expected.map(\.number))
    }
}
