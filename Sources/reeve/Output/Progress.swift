/// Tells on standard error what takes long.
enum Progress {
    /// Says what is being done once it has taken two seconds, and every five seconds from then on.
    static func run<Result: Sendable>(_ what: String, _ body: () async throws -> Result) async rethrows -> Result {
        let start = ContinuousClock.now
        let reporter = Task {
            var delay = Duration.seconds(2)
            while true {
                try await Task.sleep(for: delay)
                Console.progress("\(what) (\((ContinuousClock.now - start).components.seconds) s)")
                delay = .seconds(5)
            }
        }
        // Not a child task, since a child could not be left running while the body throws: it is cancelled right here.
        defer { reporter.cancel() }
        return try await body()
    }
}
