import Directory
import Gossip
import Kernel
import Links
import Logging
import NIOCore
import NIOEmbedded
import Replica
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("What links tell the node") struct FrameReceiverTests {
    private let inbox = Inbox(loop: EmbeddedEventLoop())
    private let complaints = FrameComplaints()
    private let receiver: FrameReceiver
    private let peer = MemberID(high: 1, low: 2)
    private let edge = MemberID(high: 1, low: 3)

    init() throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let own = MemberSpec(
            id: MemberID(high: 1, low: 1),
            name: "n1",
            raftAddress: "127.0.0.1:1",
            apiAddresses: [],
            keyFingerprint: .of([1])
        )
        let members = MemberRoster(own: own, invited: [], logger: logger)
        members.learned(try Self.facts(naming: edge))
        receiver = FrameReceiver(
            inbox: inbox,
            members: members,
            meter: EdgeMeter(),
            clock: NodeClock(),
            complaints: complaints,
            logger: logger
        )
    }

    private static func facts(naming edge: MemberID) throws -> MemberFacts {
        let spec = MemberSpec(
            id: edge,
            name: "e1",
            raftAddress: "127.0.0.1:2",
            apiAddresses: [],
            keyFingerprint: .of([2])
        )
        let metadata = RecordMetadata(
            createdAt: MemoryNode.start,
            updatedAt: MemoryNode.start,
            revision: LogIndex(1)
        )
        let record = StoredRecord.edge(EdgeRecord(spec: spec, instance: .of([3]), metadata: metadata))
        var store = MemoryStore()
        store.set(ProtobufCodec().encode(record), for: record.key)
        return try MemberFacts(in: store, codec: ProtobufCodec())
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

    @Test("gossip that cannot be read is told with the bytes that it took; other frames are lost; both are counted")
    func unreadable() {
        let known = PeerCodec.encode(PeerMessage(stamp: .distantPast, body: .gossip(.pull(after: .zero))))
        #expect(receiver.received(known, from: peer) == nil)
        guard case .receive(let message, from: peer)? = inbox.take().inputs.first else { return #expect(Bool(false)) }
        #expect(message.body == .gossip(.pull(after: .zero)))

        let tooFar = PeerMessage(stamp: .distantPast, body: .gossip(.pull(after: LogIndex(.max))))
        let frame = PeerCodec.encode(tooFar)
        #expect(receiver.received(frame, from: peer) == nil)
        #expect(told == ["unreadableGossip(byteCount: \(frame.count), from: \(peer))"])

        #expect(complaints.count == 1)

        #expect(receiver.received([1, 2, 3], from: peer) == nil)
        #expect(told.isEmpty)
        #expect(complaints.count == 2)
    }

    @Test("what an edge sends above its budget is lost, and its link is not read for a while; a member has no budget")
    func overBudget() {
        let frame = [UInt8](repeating: 0, count: LinkAllowance.budget.burst)
        #expect(receiver.received(frame, from: edge) == nil)
        #expect(complaints.count == 1)
        #expect(receiver.received(frame, from: edge) == .milliseconds(100))
        #expect(complaints.count == 1 && receiver.meter.droppedFrames == 1)
        for _ in 0..<3 { #expect(receiver.received(frame, from: peer) == nil) }
        #expect(complaints.count == 4)
    }

    @Test("one line a second is written for each peer that sends bad frames")
    func written() {
        func isDue(_ peer: MemberID, _ milliseconds: UInt64) -> Bool {
            complaints.add(of: peer, at: Instant(microseconds: milliseconds * 1000))
        }
        let other = MemberID(high: 1, low: 3)
        #expect(isDue(peer, 0) && isDue(other, 500))
        #expect(!isDue(peer, 999) && !isDue(other, 1000))
        #expect(isDue(peer, 1000) && isDue(other, 1500))
        #expect(!isDue(peer, 1001))
    }
}
