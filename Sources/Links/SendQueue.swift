internal import DequeModule
internal import Synchronization

/// Frames that wait for one peer, bounded by bytes and count. Filled by any thread, emptied by the link's event loop.
package final class SendQueue: Sendable {
    private struct Contents {
        var frames: Deque<[UInt8]> = []
        var byteCount = 0
        var isOpen = false
        /// Whether a drain is under way, so that whoever appends need not ask for one.
        var isDraining = false
    }

    package enum Offer: Hashable, Sendable {
        /// The caller is to have the queue drained.
        case firstQueued
        case queued
        case refused(DropCause)
    }

    private let contents = Mutex(Contents())
    private let byteLimit: Int
    private let frameLimit: Int

    package init(byteLimit: Int, frameLimit: Int) {
        self.byteLimit = byteLimit
        self.frameLimit = frameLimit
    }

    /// A frame is refused whole when it does not fit: the newest is dropped, since the oldest is what the peer needs next.
    package func offer(_ frame: [UInt8]) -> Offer {
        contents.withLock { contents in
            guard contents.isOpen else { return .refused(.notConnected) }
            guard contents.frames.count < frameLimit, frame.count <= byteLimit - contents.byteCount else {
                return .refused(.queueFull)
            }
            contents.frames.append(frame)
            contents.byteCount += frame.count
            if contents.isDraining { return .queued }
            contents.isDraining = true
            return .firstQueued
        }
    }

    /// Up to about `byteCount` bytes of frames, at least one if there is any. An empty answer ends the drain.
    package func take(byteCount: Int) -> [[UInt8]] {
        contents.withLock { contents in
            var taken: [[UInt8]] = []
            var takenByteCount = 0
            while let frame = contents.frames.first, taken.isEmpty || takenByteCount + frame.count <= byteCount {
                taken.append(frame)
                takenByteCount += frame.count
                contents.frames.removeFirst()
            }
            contents.byteCount -= takenByteCount
            if taken.isEmpty { contents.isDraining = false }
            return taken
        }
    }

    package func open() { contents.withLock { $0.isOpen = true } }

    /// Refuses frames from now on, and gives the count of those that are lost with it.
    package func close() -> Int {
        contents.withLock { contents in
            let lost = contents.frames.count
            contents = Contents()
            return lost
        }
    }

    package var state: (isOpen: Bool, byteCount: Int) { contents.withLock { ($0.isOpen, $0.byteCount) } }
}
