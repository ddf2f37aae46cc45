import NIOCore
import Synchronization

/// When the last of a number of nodes has what all are to have.
final class Arrivals: Sendable {
    private let missing: Mutex<Set<Int>>
    private let complete: EventLoopPromise<NIODeadline>
    private let timeout: Scheduled<Void>

    static let patience = TimeAmount.seconds(30)

    init(at nodes: Range<Int>, on loop: any EventLoop, of what: String) {
        let complete = loop.makePromise(of: NIODeadline.self)
        missing = Mutex(Set(nodes))
        self.complete = complete
        timeout = loop.scheduleTask(in: Self.patience) {
            complete.fail(PeerError("\(what) is not everywhere within \(Self.patience.nanoseconds / 1_000_000_000) s"))
        }
    }

    /// Nowhere any more once this has failed.
    func isMissing(at node: Int) -> Bool { missing.withLock { $0.contains(node) } }

    /// Moments come in order.
    func arrived(at node: Int, _ now: NIODeadline) {
        let isLast = missing.withLock { $0.remove(node) != nil && $0.isEmpty }
        guard isLast else { return }
        timeout.cancel()
        complete.succeed(now)
    }

    func failed(_ error: any Error) {
        timeout.cancel()
        complete.fail(error)
    }

    func last() async throws -> NIODeadline {
        do { return try await complete.futureResult.get() } catch {
            missing.withLock { $0 = [] }
            throw error
        }
    }
}
