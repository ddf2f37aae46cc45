import Foundation
import Synchronization

/// Where a run says what it does. With `json`, standard output is kept for the report.
struct Console: Sendable {
    let json: Bool
    private let start = ContinuousClock.now

    init(json: Bool) { self.json = json }

    func say(_ line: String) {
        let handle = json ? FileHandle.standardError : FileHandle.standardOutput
        handle.write(Data((line + "\n").utf8))
    }

    /// With the time since the run began.
    func progress(_ line: String) {
        let seconds = Int((ContinuousClock.now - start).components.seconds)
        let rest = String(seconds % 60 + 100).dropFirst()
        say("\(seconds / 60):\(rest) \(line)")
    }
}

/// Set by Ctrl-C and by SIGTERM.
struct StopSignal: Sendable {
    private static let caught = Atomic<Bool>(false)

    init() {
        // The flag is made before a handler could be the first to touch it.
        Self.caught.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in StopSignal.caught.store(true, ordering: .relaxed) }
        }
    }

    var isSet: Bool { Self.caught.load(ordering: .relaxed) }
}
