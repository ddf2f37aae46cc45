import Foundation
import Synchronization

/// What is printed when the process stops itself in the middle of a seed, as the nodes' code does when an invariant of its own
/// is broken: how to show it again. The reason precedes it on standard error.
enum CrashNotice {
    /// Lines of what is under way, by what they are for.
    private static let lines = Mutex<[UInt64: String]>([:])
    /// Where the same lies as bytes that end with 0, ready for a handler, which may allocate nothing and take no lock.
    private static let text = Atomic<UInt>(0)

    /// From now on a crash ends the process with the exit code of one.
    static func watch() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
            signal(number) { _ in
                // Safe: the bytes end with 0 and are given back only after others have taken their place.
                if let text = unsafe UnsafeMutablePointer<CChar>(
                    bitPattern: CrashNotice.text.load(ordering: .acquiring)
                ) {
                    _ = unsafe write(STDERR_FILENO, text, strlen(text))
                }
                _exit(SimulationExit.crash)
            }
        }
    }

    /// - Parameter line: Printed when the process ends while the body runs.
    static func during<Result>(_ seed: UInt64, _ line: String, _ body: () -> Result) -> Result {
        set(line, for: seed)
        defer { set(nil, for: seed) }
        return body()
    }

    private static func set(_ line: String?, for seed: UInt64) {
        lines.withLock { lines in
            lines[seed] = line
            let sorted = lines.sorted { $0.key < $1.key }.map { "\($0.value)\n" }.joined()
            let new = unsafe UInt(bitPattern: strdup(sorted))
            let old = text.exchange(new, ordering: .acquiringAndReleasing)
            unsafe free(UnsafeMutablePointer<CChar>(bitPattern: old))
        }
    }
}
