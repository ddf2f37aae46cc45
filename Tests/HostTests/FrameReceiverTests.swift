import Directory
import Gossip
import Kernel
import Links
import Logging
import NIOEmbedded
import Replica
import Testing
import Wire

@testable import Host

@Suite("What links tell the node") struct FrameReceiverTests {
    private let inbox = Inbox(loop: EmbeddedEventLoop())
    private let receiver: FrameReceiver
    private let peer = MemberID(high: 1, low: 2)

    init() {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let own = MemberSpec(
            id: MemberID(high: 1, low: 1),
            name: "n1",
            raftAddress: "127.0.0.1:1",
            apiAddresses: [],
            keyFingerprint: .of([1])
        )
        receiver = FrameReceiver(
            inbox: inbox,
            members: MemberRoster(own: own, invited: [], logger: logger),
            meter: EdgeMeter(),
            clock: NodeClock(),
            logger: logger
        )
    }

    private var told: [String] { inbox.take().inputs.map { "\($0)" } }

    @Test("a link that opens or closes is told, and one that the peer closed once more as that")
    func links() {
        receiver.connected(peer)
        #expect(told == ["link(\(peer), isOpen: true)"])
        receiver.disconnected(peer, reason: .connectionLost("reset"))
        #expect(told == ["link(\(peer), isOpen: false)"])
        receiver.disconnected(peer, reason: .closedByPeer)
        #expect(told == ["link(\(peer), isOpen: false)", "linkClosed(\(peer))"])
    }

    @Test("gossip that cannot be read is told with the bytes that it took; other frames are lost")
    func unreadable() {
        let known = PeerCodec.encode(PeerMessage(stamp: .distantPast, body: .gossip(.pull(after: .zero))))
        receiver.received(known, from: peer)
        guard case .receive(let message, from: peer)? = inbox.take().inputs.first else { return #expect(Bool(false)) }
        #expect(message.body == .gossip(.pull(after: .zero)))

        let tooFar = PeerMessage(stamp: .distantPast, body: .gossip(.pull(after: LogIndex(.max))))
        let frame = PeerCodec.encode(tooFar)
        receiver.received(frame, from: peer)
        #expect(told == ["unreadableGossip(byteCount: \(frame.count), from: \(peer))"])

        receiver.received([1, 2, 3], from: peer)
        #expect(told.isEmpty)
    }

    @Test("one line a second is written for each peer that sends bad frames")
    func complaints() {
        let complaints = FrameComplaints()
        func isDue(_ peer: MemberID, _ milliseconds: UInt64) -> Bool {
            complaints.isDue(peer, at: Instant(microseconds: milliseconds * 1000))
        }
        let other = MemberID(high: 1, low: 3)
        #expect(isDue(peer, 0) && isDue(other, 500))
        #expect(!isDue(peer, 999) && !isDue(other, 1000))
        #expect(isDue(peer, 1000) && isDue(other, 1500))
        #expect(!isDue(peer, 1001))
    }
}
