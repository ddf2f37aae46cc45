import Kernel
import Sealing
import Testing

@Suite("Recorded roots") struct RootHistoryTests {
    private static func time(_ milliseconds: UInt64) -> WallTime { WallTime(milliseconds: Made.start + milliseconds) }

    @Test("a boundary lies where an entry's time falls into another bucket") func boundaries() {
        #expect(!SealBoundary.lies(between: Self.time(0), and: Self.time(49)))
        #expect(SealBoundary.lies(between: Self.time(49), and: Self.time(50)))
        #expect(SealBoundary.lies(between: Self.time(0), and: Self.time(5000)))
        #expect(!SealBoundary.lies(between: Self.time(60), and: Self.time(60)))
        #expect(SealBoundary.run(of: [0, 10, 49, 50, 51].map(Self.time)) == 3)
        #expect(SealBoundary.run(of: [0, 10].map(Self.time)) == 2)
        #expect(SealBoundary.run(of: [0, 100].map(Self.time)) == 1)
        #expect(SealBoundary.run(of: []) == 0)
    }

    @Test("whatever the batches are, every boundary is recorded", arguments: 0..<50 as Range<UInt64>)
    func sameOnAll(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var times = [Self.time(0)]
        for _ in 0..<200 {
            let step = Span.milliseconds(UInt64.random(in: 0...30, using: &random))
            times.append(times[times.count - 1].advanced(by: step))
        }
        let boundaries = (1..<times.count).filter { SealBoundary.lies(between: times[$0 - 1], and: times[$0]) }
        #expect(boundaries.count > 10)
        for _ in 0..<3 {
            var roots = RootHistory(at: Made.point(0), time: nil)
            var next = 0
            while next < times.count {
                let batch = times[next..<min(times.count, next + Int.random(in: 1...20, using: &random))]
                let run = SealBoundary.run(of: batch)
                roots.record(
                    Made.point(UInt64(next + run)),
                    first: times[next],
                    last: times[next + run - 1]
                )
                next += run
            }
            for boundary in boundaries {
                #expect(roots[LogIndex(UInt64(boundary))] == .recorded(Made.point(UInt64(boundary))))
            }
            #expect(roots.newestBoundary?.index == boundaries.last.map { LogIndex(UInt64($0)) })
        }
    }

    @Test("tells what is not applied from what was passed") func found() {
        let roots = Made.roots(Made.point(3), Made.point(7))
        #expect(roots[LogIndex(8)] == .notApplied)
        #expect(roots[LogIndex(7)] == .recorded(Made.point(7)))
        #expect(roots[LogIndex(5)] == .notRecorded(applied: LogIndex(7)))
        #expect(roots[LogIndex(1)] == .notRecorded(applied: LogIndex(7)))
    }

    @Test("is bounded, and keeps boundaries longer than ends of batches") func bounded() {
        var roots = RootHistory(at: Made.point(0), time: Self.time(0))
        // Ten batches to a bucket.
        for index in 1...20_000 as ClosedRange<UInt64> {
            roots.record(Made.point(index), first: Self.time(5 * index), last: Self.time(5 * index))
        }
        #expect(roots.count <= RootHistory.capacity)
        let kept = (0..<800 as Range<UInt64>).count { index in
            if case .recorded = roots[LogIndex(19_999 - index * 10)] { true } else { false }
        }
        // The 20,000th entry is dated 100,000 ms, so boundaries lie after 19,999, 19,989, …
        #expect(kept >= 400)
    }

    @Test("a root goes forward only") func order() async {
        await #expect(processExitsWith: .failure) {
            var roots = Made.roots(Made.point(3))
            roots.record(Made.point(3), first: .distantPast, last: .distantPast)
        }
    }
}
