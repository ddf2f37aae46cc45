import Gossip
import Kernel
import Testing

@testable import Host

@Suite("What edges' links may take") struct EdgeMeterTests {
    private let edge = MemberID(high: 1, low: 1)
    private let start = Instant(microseconds: 5_000_000)

    @Test("frames above an edge's allowance are counted, others are not concerned, and a new link changes nothing")
    func frames() {
        let meter = EdgeMeter()
        let taken = (0..<10_000).count { _ in meter.take(10, from: edge, at: start) == .taken }
        #expect(taken == 4096)
        #expect(meter.droppedFrames == UInt64(10_000 - taken))
        #expect(meter.take(10, from: MemberID(high: 1, low: 2), at: start) == .taken)
        #expect(meter.take(10, from: edge, at: start) == .pause(LinkAllowance.firstPause))
        meter.forget(edge)
        #expect(meter.take(10, from: edge, at: start) == .taken)
    }
}
