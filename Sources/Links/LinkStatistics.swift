package import Kernel
internal import Synchronization

/// What became of a frame that was given to `send`.
package enum SendResult: Hashable, Sendable {
    /// Will be written unless the connection breaks.
    case queued
    case dropped(DropCause)
}

/// Why a frame was not written. Raft sends again what still matters.
package enum DropCause: Int, Hashable, Sendable, CaseIterable {
    case unknownMember
    case notConnected
    /// Too many bytes or frames wait for this peer already.
    case queueFull
    case tooLarge
    case empty
    /// Was queued when the connection broke.
    case connectionEnded
}

/// Counters since start, and the state of the peers, at one moment.
package struct LinkStatistics: Sendable {
    package struct Peer: Hashable, Sendable {
        package let member: LinkMember
        package let isConnected: Bool
        package let queuedByteCount: Int
        /// Why the latest attempt or connection ended.
        package let lastFailure: LinkFailure?
    }

    package var framesSent = 0
    /// Frames with their lengths, before encryption.
    package var bytesSent = 0
    package var framesReceived = 0
    package var bytesReceived = 0
    package var drops: [DropCause: Int] = [:]
    /// By `LinkFailure.code`, for connections of either direction.
    package var failures: [String: Int] = [:]
    /// Ordered by id.
    package var peers: [Peer] = []
    package var incomingConnections = 0

    package var connected: [MemberID] { peers.filter(\.isConnected).map(\.member.id) }
}

/// The counters behind `LinkStatistics`, written from all event loops.
final class LinkCounters: Sendable {
    let framesSent = Atomic<Int>(0)
    let bytesSent = Atomic<Int>(0)
    let framesReceived = Atomic<Int>(0)
    let bytesReceived = Atomic<Int>(0)
    private let drops = Mutex<[DropCause: Int]>([:])
    private let failures = Mutex<[String: Int]>([:])

    func dropped(_ cause: DropCause, count: Int = 1) {
        if count > 0 { drops.withLock { $0[cause, default: 0] += count } }
    }

    func failed(_ failure: LinkFailure) { failures.withLock { $0[failure.code, default: 0] += 1 } }

    func sent(frames: Int, bytes: Int) {
        framesSent.wrappingAdd(frames, ordering: .relaxed)
        bytesSent.wrappingAdd(bytes, ordering: .relaxed)
    }

    func received(bytes: Int) {
        framesReceived.wrappingAdd(1, ordering: .relaxed)
        bytesReceived.wrappingAdd(bytes, ordering: .relaxed)
    }

    var snapshot: LinkStatistics {
        var result = LinkStatistics()
        result.framesSent = framesSent.load(ordering: .relaxed)
        result.bytesSent = bytesSent.load(ordering: .relaxed)
        result.framesReceived = framesReceived.load(ordering: .relaxed)
        result.bytesReceived = bytesReceived.load(ordering: .relaxed)
        result.drops = drops.withLock { $0 }
        result.failures = failures.withLock { $0 }
        return result
    }
}
