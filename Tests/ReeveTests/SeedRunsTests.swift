import Synchronization
import Testing

@testable import reeve

@Suite("Seeds that run at the same time") struct SeedRunsTests {
    /// The later the seed, the sooner it is done.
    private static func slow(_ seed: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for step in 0..<(100 - seed) * 2000 { sum = sum &* 31 &+ step }
        return sum == 1 ? 0 : seed
    }

    @Test("reports come in the order of the seeds, each once", arguments: [1, 2, 7, 200]) func order(jobs: Int) async {
        var seen: [UInt64] = []
        await SeedRuns(seeds: SeedRange(lower: 3, upper: 90), jobs: jobs, run: Self.slow).forEach { report in
            seen.append(report)
            return true
        }
        #expect(seen == Array(3...90))
    }

    @Test("the last seed there is ends the range") func end() async {
        var seen: [UInt64] = []
        await SeedRuns(seeds: SeedRange(lower: .max - 2, upper: .max), jobs: 2) { $0 }.forEach { report in
            seen.append(report)
            return true
        }
        #expect(seen == [.max - 2, .max - 1, .max])
    }

    @Test("after the body has said false nothing is reported, and no more than the lead was run") func early() async {
        let started = Mutex(0)
        var seen: [UInt64] = []
        await SeedRuns(seeds: SeedRange(lower: 1, upper: 90), jobs: 2) { seed in
            started.withLock { $0 += 1 }
            return Self.slow(seed)
        }.forEach { report in
            seen.append(report)
            return report < 5
        }
        #expect(seen == [1, 2, 3, 4, 5])
        #expect(started.withLock { $0 } <= 4 + 2 * 8 + 2)
    }
}
