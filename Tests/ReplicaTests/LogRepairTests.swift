import Consensus
import Kernel
import Testing

@testable import Replica

/// So that a macro may call what changes it.
private final class Box {
    var repair: LogRepair
    init(lost: LostTail? = nil, _ damage: [LogDamage]) { repair = LogRepair(lost: lost, damage: damage) }

    var runs: [LogDamage] { repair.runs }
    var isWhole: Bool { repair.isWhole }
    func found(_ damage: [LogDamage]) -> Bool { repair.found(damage) }
    func ask(_ peers: [MemberID], at now: Instant) -> (peer: MemberID, request: LogRepair.Request)? {
        repair.ask(peers, at: now, interval: .seconds(1)).map { ($0.peer, $0.1) }
    }
    func received(_ entries: [Entry], for request: LogRepair.Request, from peer: MemberID) -> LogRepair.Patch? {
        repair.received(entries, for: request, from: peer)
    }
    func recalled(_ entries: [Entry]) -> LogRepair.Patch? { repair.recalled(entries) }
    func makeGood(durable: LogPosition) -> LostTail? { repair.makeGood(durable: durable) }
}

@Suite("LogRepair") struct LogRepairTests {
    static let peers = [MemberID(high: 2, low: 0), MemberID(high: 3, low: 0)]
    let entries = RepairSamples.entries(200)

    private func at(_ milliseconds: UInt64) -> Instant { Instant(microseconds: milliseconds * 1000) }
    private func run(_ first: UInt64, _ last: UInt64) -> LogDamage { RepairSamples.damage(first, last, entries) }
    private func some(_ first: UInt64, _ last: UInt64) -> [Entry] { Array(entries[Int(first) - 1...Int(last) - 1]) }

    @Test("runs that meet are one, and keep the hash of the farther end")
    func joining() {
        let box = Box([run(10, 12)])
        #expect(!box.found([run(10, 12)]))
        #expect(box.found([run(20, 22), run(13, 14)]))
        #expect(box.runs == [run(10, 14), run(20, 22)])
        #expect(box.found([LogDamage(first: LogIndex(9), last: LogIndex(21), hash: nil)]))
        #expect(box.runs == [run(9, 22)])
        #expect(box.repair.damagedCount == 14)
        #expect(box.found([LogDamage(first: LogIndex(23), last: LogIndex(23), hash: nil)]))
        #expect(box.runs == [LogDamage(first: LogIndex(9), last: LogIndex(23), hash: nil)])
        #expect(box.found([run(23, 23)]), "its hash is news")
        #expect(box.runs == [run(9, 23)])
    }

    @Test("the number of runs is bounded")
    func bound() {
        let box = Box([])
        let many = (1...UInt64(LogRepair.maxRuns) + 50).map { number in
            LogDamage(first: LogIndex(number * 10), last: LogIndex(number * 10), hash: .zero)
        }
        _ = box.found(many)
        #expect(box.runs.count == LogRepair.maxRuns)
    }

    @Test("who was asked and is a member no more is not waited for")
    func removedPeer() throws {
        let box = Box([run(10, 20)])
        _ = box.ask(Self.peers, at: at(0))
        let other = try #require(box.ask(Self.peers, at: at(1000)))
        #expect(box.received([], for: other.request, from: other.peer) == nil)
        #expect(box.ask(Self.peers, at: at(1000))?.peer == Self.peers[0])
        #expect(box.ask([other.peer], at: at(2000)) == nil)
        #expect(box.repair.retryAt(interval: .seconds(1)) == nil)
    }

    @Test("peers are asked in turn, for the end of the last run, again after a while")
    func asking() throws {
        let box = Box([run(5, 5), run(10, 120)])
        let first = try #require(box.ask(Self.peers, at: at(0)))
        #expect(first.peer == Self.peers[0])
        #expect(first.request == LogRepair.Request(first: LogIndex(57), last: LogIndex(120)))
        #expect(box.ask(Self.peers, at: at(999)) == nil)
        #expect(box.repair.retryAt(interval: .seconds(1)) == at(1000))
        let second = try #require(box.ask(Self.peers, at: at(1000)))
        #expect(second.peer == Self.peers[1])
        #expect(box.ask(Self.peers, at: at(2000))?.peer == Self.peers[0])
    }

    @Test("a run is mended from its end down until nothing is left")
    func mending() throws {
        let box = Box([run(10, 120)])
        var steps = 0
        while !box.isWhole, steps < 10 {
            let (peer, request) = try #require(box.ask(Self.peers, at: at(UInt64(steps))))
            // The peer sends no more than fits.
            let answer = some(max(request.first.number, request.last.number - 29), request.last.number)
            let patch = try #require(box.received(answer, for: request, from: peer))
            #expect(patch == LogRepair.Patch(entries: answer, hash: entries[Int(request.last.number) - 1].hash))
            #expect(box.ask(Self.peers, at: at(60_000)) == nil, "while the store writes")
            box.repair.written(answer, isDone: true)
            steps += 1
        }
        #expect(box.isWhole)
        #expect(steps == 4)
        #expect(box.repair.repairedCount == 111)
    }

    @Test("what is not what was lost is not written, and its sender not asked again")
    func wrongAnswers() throws {
        let other = RepairSamples.entries(200, mark: 9)
        for wrong in [
            [], some(58, 119), Array(other[56...119]), [entries[56]] + Array(other[57...119]),
            some(50, 56) + some(58, 120), some(1, 120),
        ] {
            let box = Box([run(57, 120)])
            let (peer, request) = try #require(box.ask(Self.peers, at: at(0)))
            #expect(box.received(wrong, for: request, from: peer) == nil)
            #expect(!box.repair.isGivenUp(by: Self.peers))
            let next = try #require(box.ask(Self.peers, at: at(0)))
            #expect(next.peer != peer)
            #expect(box.received([], for: next.request, from: next.peer) == nil)
            #expect(box.repair.isGivenUp(by: Self.peers))
            #expect(box.ask(Self.peers, at: at(90_000)) == nil)
        }
    }

    @Test("an answer that nobody asked for changes nothing")
    func unasked() throws {
        let box = Box([run(10, 12)])
        let request = LogRepair.Request(first: LogIndex(10), last: LogIndex(12))
        #expect(box.received(some(10, 12), for: request, from: Self.peers[0]) == nil)
        let asked = try #require(box.ask(Self.peers, at: at(0)))
        #expect(box.received(some(10, 12), for: request, from: Self.peers[1]) == nil)
        let other = LogRepair.Request(first: LogIndex(11), last: LogIndex(12))
        #expect(box.received(some(11, 12), for: other, from: asked.peer) == nil)
        #expect(box.received(some(10, 12), for: request, from: asked.peer) != nil)
    }

    @Test("nobody is asked for entries of which no hash is known")
    func unknownHash() {
        let box = Box([LogDamage(first: LogIndex(3), last: LogIndex(4), hash: nil)])
        #expect(box.ask(Self.peers, at: at(0)) == nil)
        #expect(box.recalled(some(3, 4)) == nil)
        box.repair.learn(entries[3].hash)
        #expect(box.recalled(some(3, 4)) != nil)
    }

    @Test("compaction, truncation and a refused write take damage away")
    func shrinking() throws {
        let box = Box([run(10, 20), run(30, 40)])
        box.repair.compacted(to: LogIndex(15))
        #expect(box.runs == [run(15, 20), run(30, 40)])
        box.repair.truncated(after: LogIndex(35))
        #expect(box.runs == [run(15, 20), LogDamage(first: LogIndex(30), last: LogIndex(35), hash: nil)])
        box.repair.truncated(after: LogIndex(25))
        #expect(box.runs == [run(15, 20)])
        #expect(box.recalled(some(15, 20)) != nil)
        box.repair.written(some(15, 20), isDone: false)
        #expect(box.isWhole)
        #expect(box.repair.repairedCount == 0)
    }

    @Test("what is written is taken off the runs as they are then, and a question about another run is let go")
    func changesMeanwhile() throws {
        let box = Box([run(10, 20), run(30, 40)])
        let (peer, request) = try #require(box.ask(Self.peers, at: at(0)))
        #expect(box.found([run(50, 50)]))
        #expect(box.repair.retryAt(interval: .seconds(1)) == nil)
        #expect(box.received(some(30, 40), for: request, from: peer) == nil)
        #expect(box.recalled(some(50, 50)) != nil)
        #expect(box.found([run(49, 51)]))
        box.repair.compacted(to: LogIndex(15))
        box.repair.written(some(50, 50), isDone: true)
        #expect(box.runs == [run(15, 20), run(30, 40), run(49, 49), run(51, 51)])
        _ = try #require(box.ask(Self.peers, at: at(10)))
        box.repair.compacted(to: LogIndex(60))
        #expect(box.isWhole)
        #expect(box.repair.retryAt(interval: .seconds(1)) == nil, "nobody is to be woken for nothing")
    }

    @Test(
        "a lost tail is made good by a log that is as up to date as it was, not by a long one of old terms",
        arguments: [(5, 9, false), (5, 10, true), (5, 12, true), (6, 8, true), (4, 30, false)]
            as [(UInt64, UInt64, Bool)]
    )
    func lostTail(_ term: UInt64, _ durable: UInt64, _ isGood: Bool) {
        let lost = LostTail(first: LogIndex(7), last: LogPosition(term: Term(5), index: LogIndex(10)))
        let box = Box(lost: lost, [])
        #expect(!box.isWhole)
        #expect((box.makeGood(durable: LogPosition(term: Term(term), index: LogIndex(durable))) == lost) == isGood)
        #expect(box.isWhole == isGood)
    }
}

enum RepairSamples {
    /// From 1 on, in term 1, chained.
    static func entries(_ count: UInt64, mark: UInt8 = 1, term: UInt64 = 1) -> [Entry] {
        var entries: [Entry] = []
        for number in 1...count {
            entries.append(
                Entry(
                    position: LogPosition(term: Term(term), index: LogIndex(number)),
                    time: WallTime(milliseconds: number),
                    previousHash: entries.last?.hash ?? .zero,
                    payload: .command([mark])
                )
            )
        }
        return entries
    }

    static func damage(_ first: UInt64, _ last: UInt64, _ entries: [Entry]) -> LogDamage {
        LogDamage(first: LogIndex(first), last: LogIndex(last), hash: entries[Int(last) - 1].hash)
    }
}
