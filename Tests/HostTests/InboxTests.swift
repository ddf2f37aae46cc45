import NIOEmbedded
import Replica
import Synchronization
import Testing

@testable import Host

@Suite("The inbox of a node") struct InboxTests {
    private let loop = EmbeddedEventLoop()
    private let inbox: Inbox
    private let seen = Seen()

    init() { inbox = Inbox(loop: loop) }

    /// What was taken, a list each time.
    private final class Seen: Sendable {
        private let batches = Mutex<[[String]]>([])
        func add(_ inputs: [ReplicaNode.Input]) {
            let names = inputs.map { "\($0)" }
            batches.withLock { $0.append(names) }
        }
        var all: [[String]] { batches.withLock { $0 } }
    }

    private func listen() { inbox.onPost { [inbox, seen] in seen.add(inbox.take().inputs) } }

    /// A peer may be faster to connect than the node is to start.
    @Test("what comes before anybody listens is taken then, and what comes after that too") func early() {
        inbox.postFrame(.wake)
        inbox.post(.shutDown)
        loop.run()
        #expect(seen.all.isEmpty)
        listen()
        loop.run()
        #expect(seen.all == [["wake", "shutDown"]])
        inbox.post(.wake)
        loop.run()
        #expect(seen.all == [["wake", "shutDown"], ["wake"]])
    }

    @Test("what comes together is taken at once, and nothing after the close") func together() {
        listen()
        for _ in 0..<3 { inbox.post(.wake) }
        loop.run()
        #expect(seen.all == [["wake", "wake", "wake"]])
        inbox.close()
        inbox.post(.wake)
        loop.run()
        #expect(seen.all.count == 1)
    }

    @Test("frames beyond the bound are dropped and counted, the node's own inputs are not") func bound() {
        for _ in 0..<Inbox.maxQueuedInputs + 5 { inbox.postFrame(.wake) }
        inbox.post(.shutDown)
        #expect(inbox.droppedFrames == 5)
        listen()
        loop.run()
        #expect(seen.all.map(\.count) == [Inbox.maxQueuedInputs + 1])
    }
}
