import Foundation

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

/// How far something is, on standard error: one line that is drawn anew on a terminal, a line every few seconds elsewhere.
struct ProgressBar {
    private let name: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shownAt: ContinuousClock.Instant?

    private static let width = 30
    private static let interval = Duration.seconds(5)

    init(_ name: String) { self.name = name }

    mutating func show(done: Int64, of total: Int64, note: String) {
        let share = total <= 0 ? 1 : min(1, max(0, Double(done) / Double(total)))
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
        let line = "\(name) [\(bar)] \(Int(share * 100)) %  \(note)"
        if isTerminal {
            FileHandle.standardError.write(Data("\r\u{1b}[K\(line)".utf8))
        } else if shownAt.map({ ContinuousClock.now - $0 >= Self.interval }) ?? true || share == 1 {
            Console.progress(line)
        } else {
            return
        }
        shownAt = .now
    }

    func finish() { if isTerminal { FileHandle.standardError.write(Data("\n".utf8)) } }
}
