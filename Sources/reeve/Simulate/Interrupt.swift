import Foundation
import Synchronization

/// Whether somebody has pressed Ctrl-C. The second time ends the process as ever.
enum Interrupt {
    /// Of a command that ended early for it, as shells have it: 128 and the signal's number.
    static let exitCode: Int32 = 130

    private static let flag = Atomic<Bool>(false)

    static var hasCome: Bool { flag.load(ordering: .relaxed) }

    static func watch() {
        signal(SIGINT) { _ in
            Interrupt.flag.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }
}
