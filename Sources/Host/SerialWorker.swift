import NIOPosix

/// One thread that carries out closures in order: the only one that touches what it is given.
///
/// The number of closures that can wait is bounded by those who post: each has at most a few under way.
final class SerialWorker: Sendable {
    private let pool: NIOThreadPool

    init() {
        pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
    }

    func run(_ work: @escaping @Sendable () -> Void) {
        pool.submit { state in
            // A cancelled item is one that came after the stop: there is nobody left to tell.
            if case .active = state { work() }
        }
    }

    /// Returns when what was posted before is done.
    func stop() async {
        await withCheckedContinuation { continuation in
            pool.submit { _ in continuation.resume() }
        }
        try? await pool.shutdownGracefully()
    }
}
