import Kernel
import Testing

@testable import Host

@Suite("What an edge's link may take") struct EdgeMeterTests {
    private let edge = MemberID(high: 1, low: 1)
    private let start = Instant(microseconds: 5_000_000)

    @Test("frames above a second's are dropped and counted, and others are not concerned") func frames() {
        let meter = EdgeMeter()
        let taken = (0..<10_000).count { _ in meter.takes(10, from: edge, at: start) }
        #expect(taken == 4096)
        #expect(meter.droppedFrames == UInt64(10_000 - taken))
        #expect(meter.takes(10, from: MemberID(high: 1, low: 2), at: start))
        // A tenth of a second later there is a tenth.
        let later = start.advanced(by: .milliseconds(100))
        #expect((0..<10_000).count { _ in meter.takes(10, from: edge, at: later) } == 409)
    }

    @Test("bytes above a second's are dropped, however few frames they are in") func bytes() {
        let meter = EdgeMeter()
        let taken = (0..<100).count { _ in meter.takes(1 << 20, from: edge, at: start) }
        #expect(taken == 4)
        #expect(!meter.takes(1, from: edge, at: start))
        // Silence saves up no more than a second's.
        let later = start.advanced(by: .seconds(60))
        #expect((0..<100).count { _ in meter.takes(1 << 20, from: edge, at: later) } == 4)
    }
}
