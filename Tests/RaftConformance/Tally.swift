/// What came of the cases of a suite.
struct Tally {
    let suite: String
    private(set) var passed = 0
    private(set) var failed = 0
    private var skips: [(reason: String, count: Int)] = []

    init(suite: String) { self.suite = suite }

    var skipped: Int { skips.reduce(0) { $0 + $1.count } }

    mutating func check(_ name: @autoclosure () -> String, _ problem: String?) {
        if let problem { fail(name(), problem) } else { passed += 1 }
    }

    mutating func fail(_ name: String, _ problem: String) {
        failed += 1
        print("FAIL \(suite) \(name): \(problem)")
    }

    mutating func skip(_ reason: String, count: Int) {
        if count > 0 { skips.append((reason, count)) }
    }

    func printSummary() {
        for skip in skips { print("SKIP \(suite): \(skip.count), \(skip.reason)") }
        print("\(suite): \(passed) passed, \(failed) failed, \(skipped) skipped")
    }
}
