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
        // What came after the stop is not done: there is nobody left to tell.
        run(work, otherwise: {})
    }

    /// One of the two is called, the other one after the stop.
    func run(_ work: @escaping @Sendable () -> Void, otherwise: @escaping @Sendable () -> Void) {
        pool.submit { state in
            if case .active = state { work() } else { otherwise() }
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
