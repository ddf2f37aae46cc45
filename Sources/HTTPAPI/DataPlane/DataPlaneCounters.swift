internal import Synchronization

/// What a data plane has done since it started, for metrics. Safe from any thread.
package final class DataPlaneCounters: Sendable {
    /// Readings taken one after another, not all at one moment.
    package struct Reading: Hashable, Sendable {
        package let acceptedConnections: UInt64
        package let refusedConnections: UInt64
        package let openConnections: Int
        package let timeouts: UInt64
        package let tlsFailures: UInt64
        /// By class of status: 200 to 299, 400 to 499, 500 to 599.
        package let successes: UInt64
        package let clientErrors: UInt64
        package let serverErrors: UInt64
    }

    private let accepted = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    private let open = Atomic<Int>(0)
    private let expired = Atomic<UInt64>(0)
    private let handshakes = Atomic<UInt64>(0)
    private let successes = Atomic<UInt64>(0)
    private let clientErrors = Atomic<UInt64>(0)
    private let serverErrors = Atomic<UInt64>(0)

    package init() {}

    package var reading: Reading {
        Reading(
            acceptedConnections: accepted.load(ordering: .relaxed),
            refusedConnections: refused.load(ordering: .relaxed),
            openConnections: open.load(ordering: .relaxed),
            timeouts: expired.load(ordering: .relaxed),
            tlsFailures: handshakes.load(ordering: .relaxed),
            successes: successes.load(ordering: .relaxed),
            clientErrors: clientErrors.load(ordering: .relaxed),
            serverErrors: serverErrors.load(ordering: .relaxed)
        )
    }

    /// False when there are as many as the limit allows.
    func opened(limit: Int) -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            open.subtract(1, ordering: .relaxed)
            refused.add(1, ordering: .relaxed)
            return false
        }
        accepted.add(1, ordering: .relaxed)
        return true
    }

    func closed() { open.subtract(1, ordering: .relaxed) }
    func timedOut() { expired.add(1, ordering: .relaxed) }
    func failedTLS() { handshakes.add(1, ordering: .relaxed) }

    func answered(_ status: UInt) {
        switch status {
        case ..<400: successes.add(1, ordering: .relaxed)
        case ..<500: clientErrors.add(1, ordering: .relaxed)
        default: serverErrors.add(1, ordering: .relaxed)
        }
    }
}
