import Kernel
import Testing

@testable import Gossip

@Suite("What an edge's link may take") struct LinkAllowanceTests {
    private let start = Instant(microseconds: 5_000_000)

    /// Offers frames until one is above what is taken. Gives how many were taken, and the pause.
    private func exhaust(_ allowance: inout LinkAllowance, _ byteCount: Int, at now: Instant) -> (Int, Span) {
        var taken = 0
        while true {
            guard case .pause(let span) = allowance.take(byteCount, at: now) else {
                taken += 1
                continue
            }
            return (taken, span)
        }
    }

    @Test(
        "a second's bytes may come at once, in no more frames than a second's",
        arguments: [(10, 4096), (1 << 20, 4)]
    )
    func burst(byteCount: Int, count: Int) {
        var allowance = LinkAllowance(at: start)
        #expect(exhaust(&allowance, byteCount, at: start) == (count, .milliseconds(100)))
        // Silence saves up no more than that.
        allowance = LinkAllowance(at: start)
        #expect(exhaust(&allowance, byteCount, at: start.advanced(by: .seconds(60))).0 == count)
    }

    @Test("each offence doubles the pause, up to 1.6 s, and what comes in a pause is none")
    func doubling() {
        var allowance = LinkAllowance(at: start)
        var now = start
        var pauses: [UInt64] = []
        for round in 0..<7 {
            let (taken, pause) = exhaust(&allowance, 100, at: now)
            #expect(taken == (round == 0 ? 4096 : 1024))
            pauses.append(pause.milliseconds)
            let within = now.advanced(by: .milliseconds(40))
            for _ in 0..<100 {
                #expect(allowance.take(1, at: within) == .pause(.milliseconds(pause.milliseconds - 40)))
            }
            now = now.advanced(by: pause)
        }
        #expect(pauses == [100, 200, 400, 800, 1600, 1600, 1600])
    }

    @Test("whoever sends as fast as it is read comes down to a fifth of its budget")
    func flood() {
        var allowance = LinkAllowance(at: start)
        var now = start
        var taken = 0
        while now < start.advanced(by: .seconds(60)) {
            switch allowance.take(100, at: now) {
            case .taken:
                taken += 1
                now = now.advanced(by: Span(microseconds: 10))
            case .pause(let span): now = now.advanced(by: span)
            }
        }
        #expect((40_000...50_000).contains(taken), "\(taken) of 245,760")
    }

    @Test("ten seconds without an offence, the link being read, take one back")
    func probation() {
        var allowance = LinkAllowance(at: start)
        var now = start
        for _ in 0..<5 { now = now.advanced(by: exhaust(&allowance, 100, at: now).1) }
        // The last pause, of 1.6 s, is no good conduct; nor is what is left of a probation that an offence ends.
        now = now.advanced(by: .milliseconds(9_999))
        #expect(exhaust(&allowance, 1 << 20, at: now).1 == .milliseconds(1600))
        now = now.advanced(by: .milliseconds(1600 + 20_000))
        #expect(exhaust(&allowance, 1 << 20, at: now).1 == .milliseconds(400))
        now = now.advanced(by: .milliseconds(400 + 3_600_000))
        #expect(exhaust(&allowance, 1 << 20, at: now) == (4, .milliseconds(100)))
    }

    @Test("the longest message passes after a pause, and at once")
    func longest() {
        var allowance = LinkAllowance(at: start)
        let now = start.advanced(by: exhaust(&allowance, 1, at: start).1)
        #expect(allowance.take(GossipOptions().entryByteLimit + 128, at: now) == .taken)
    }

    @Test(
        "a neighbour that sends all that it may is not slowed, though every two seconds come at once",
        arguments: [true, false]
    )
    func honest(isBunched: Bool) {
        let options = GossipOptions()
        var outgoing = TokenBucket(options.outgoing, at: start)
        var allowance = LinkAllowance(at: start)
        var (sent, late) = (0, [Int]())
        for tick in 0..<60_000 as Range<UInt64> {
            let now = start.advanced(by: .milliseconds(tick))
            // Pieces of a state, as one is sent that asks for the next at once.
            while outgoing.take(options.snapshotPartBytes, of: options.outgoing, at: now) {
                late.append(options.snapshotPartBytes)
            }
            guard !isBunched || tick % 2000 == 1999 else { continue }
            for bytes in late {
                #expect(allowance.take(bytes, at: now) == .taken)
                sent += bytes
            }
            late = []
        }
        #expect(sent > 58 << 20)
    }

    @Test("nor is one that passes on as many statements at once as a node keeps")
    func statements() {
        var fixture = Fixture()
        let neighbour = fixture.neighbours[0]
        var allowance = LinkAllowance(at: fixture.now)
        var frames = 0
        func meter(_ effects: [GossipNode.Effect], _ now: Instant) {
            for message in effects.sent(to: neighbour) {
                #expect(allowance.take(message.byteCount, at: now) == .taken)
                frames += 1
            }
        }
        for number in 0..<fixture.node.options.heldLimit {
            let bytes = [UInt8(number & 255), UInt8(number >> 8)] + [UInt8](repeating: 0, count: 200)
            meter(fixture.step(.publish(Record(.untilSettled, bytes: bytes))), fixture.now)
        }
        for _ in 0..<500 {
            let effects = fixture.run(.milliseconds(10))
            meter(effects, fixture.now)
        }
        #expect(frames >= fixture.node.options.heldLimit)
    }
}
