internal import NIOSSL
internal import Synchronization

/// The TLS context that new connections of one direction begin with. Those that are open keep theirs.
final class PresentedContext: Sendable {
    private let context: Mutex<NIOSSLContext>

    init(_ context: NIOSSLContext) { self.context = Mutex(context) }

    var current: NIOSSLContext { context.withLock { $0 } }
    func replace(by context: NIOSSLContext) { self.context.withLock { $0 = context } }
}
