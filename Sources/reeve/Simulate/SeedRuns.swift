/// Runs something for many seeds, several at a time, and hands on what comes of it in the order of the seeds.
struct SeedRuns<Report: Sendable>: Sendable {
    let seeds: SeedRange
    /// How many run at a time.
    let jobs: Int
    let run: @Sendable (UInt64) -> Report

    /// How far, for each job, runs may be ahead of the first that is not done: what is kept is bounded.
    private static var lead: Int { 8 }

    /// Ends early when the body says false; what runs then is not handed on.
    func forEach(_ body: (Report) -> Bool) async {
        await withTaskGroup(of: (seed: UInt64, report: Report).self) { group in
            var next: UInt64? = seeds.lower
            var due = seeds.lower
            var early: [UInt64: Report] = [:]
            var running = 0
            while true {
                while let seed = next, running < jobs, seed - due < UInt64(jobs * Self.lead) {
                    group.addTask { (seed, run(seed)) }
                    running += 1
                    next = seed < seeds.upper ? seed + 1 : nil
                }
                guard let done = await group.next() else { return }
                running -= 1
                early[done.seed] = done.report
                while let report = early.removeValue(forKey: due) {
                    due &+= 1
                    guard body(report) else { return }
                }
            }
        }
    }
}
