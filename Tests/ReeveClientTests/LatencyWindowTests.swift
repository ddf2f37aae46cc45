import Kernel
import ReeveClient
import Testing

@Suite("Round trips of one node") struct LatencyWindowTests {
    @Test("the 95th percentile is that of the window, by nearest rank, and unknown below eight") func percentile() {
        var window = LatencyWindow()
        for value in 1...7 {
            window.add(.milliseconds(UInt64(value)))
            #expect(window.p95 == nil)
        }
        for value in 8...20 { window.add(.milliseconds(UInt64(value))) }
        #expect(window.p95 == .milliseconds(19))
        for value in 21...100 { window.add(.milliseconds(UInt64(value))) }
        // Of 37...100, 64 values: the 61st.
        #expect(window.p95 == .milliseconds(97))
    }

    @Test("the mean moves by an eighth") func smoothed() {
        var window = LatencyWindow()
        #expect(window.smoothed == nil)
        window.add(Span(microseconds: 800))
        #expect(window.smoothed == Span(microseconds: 800))
        window.add(Span(microseconds: 1600))
        #expect(window.smoothed == Span(microseconds: 900))
    }

    @Test("no sample is too large") func largest() {
        var window = LatencyWindow()
        for _ in 0..<100 { window.add(Span(microseconds: .max)) }
        #expect(window.p95 == Span(microseconds: .max))
    }
}
