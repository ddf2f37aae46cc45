import Kernel
import Keys
import Links
import NIOCore
import Testing

@Suite("Peer links")
struct PeerLinksTests {
    /// Two nodes that have found each other.
    private func pair(
        _ authority: Authority,
        options: LinkOptions = LinkOptions()
    ) async throws -> (TestNode, TestNode) {
        let first = try await TestNode(1, try authority.credentials("n1"), options: options)
        let second = try await TestNode(2, try authority.credentials("n2"), members: [first.member], options: options)
        first.links.update(LinkRoster(members: [first.member, second.member]))
        try #require(await first.isConnected(to: second))
        try #require(await second.isConnected(to: first))
        return (first, second)
    }

    private func stop(_ nodes: TestNode...) async { for node in nodes { await node.links.shutdown() } }

    @Test("frames go both ways, in order, and are counted")
    func exchange() async throws {
        let (first, second) = try await pair(try Authority())
        let count = 20_000
        var byteCount = 0
        for number in 0..<count {
            var frame: [UInt8] = []
            frame.append(bigEndian: UInt64(number))
            frame += [UInt8](repeating: 1, count: number % 100)
            byteCount += frame.count + FrameDecoder.headerByteCount
            // The queue is bounded; wait for the peer to catch up as an owner would.
            while first.links.send(frame, to: second.id) != .queued {
                let sent = number
                try #require(await second.recorder.wait { ($0.frames[memberID(1)]?.count ?? 0) >= sent })
            }
        }
        #expect(await second.recorder.wait { $0.frames[memberID(1)]?.count == count })
        let frames = try #require(second.recorder.value.frames[first.id])
        #expect(frames.map { $0.prefix(8).reduce(0) { $0 << 8 | Int($1) } } == Array(0..<count))
        #expect(await second.reaches(first))
        #expect(first.links.statistics.framesSent == count)
        #expect(first.links.statistics.bytesSent == byteCount)
        #expect(second.links.statistics.framesReceived == count)
        #expect(second.links.statistics.bytesReceived == byteCount)
        #expect(first.links.statistics.connected == [second.id])
        await stop(first, second)
    }

    @Test("the greatest frame passes and a greater one is not sent")
    func greatest() async throws {
        let (first, second) = try await pair(try Authority())
        let frame = [UInt8](repeating: 0xa5, count: 16 * 1024 * 1024)
        #expect(first.links.send(frame, to: second.id) == .queued)
        #expect(await second.recorder.wait { $0.frames[memberID(1)]?.first?.count == frame.count })
        #expect(first.links.send(frame + [0], to: second.id) == .dropped(.tooLarge))
        #expect(first.links.send([], to: second.id) == .dropped(.empty))
        #expect(first.links.send([1], to: memberID(9)) == .dropped(.unknownMember))
        #expect(first.links.statistics.drops == [.tooLarge: 1, .empty: 1, .unknownMember: 1])
        await stop(first, second)
    }

    @Test("a peer that goes and comes back is found again; frames in between are dropped and counted")
    func restart() async throws {
        let authority = try Authority()
        let first = try await TestNode(1, try authority.credentials("n1"))
        let credentials = try authority.credentials("n2")
        let second = try await Self.returnable(2, credentials, members: [first.member])
        first.links.update(LinkRoster(members: [second.member]))
        try #require(await first.isConnected(to: second))
        await second.links.shutdown()
        #expect(await first.recorder.wait { $0.disconnects[memberID(2)]?.count == 1 })
        #expect(first.links.send([1], to: second.id) == .dropped(.notConnected))
        #expect(first.links.statistics.drops[.notConnected] == 1)
        #expect(first.links.statistics.connected == [])
        let again = try await TestNode(2, credentials, port: second.member.port, members: [first.member])
        #expect(await first.isConnected(to: again))
        #expect(await again.isConnected(to: first))
        #expect(await first.reaches(again))
        #expect(await again.reaches(first))
        await stop(first, again)
    }

    /// A node whose port the system lends to no connection of somebody else while it is away.
    private static func returnable(
        _ number: UInt64,
        _ credentials: NodeCredentials,
        members: [LinkMember]
    ) async throws -> TestNode {
        for port in 23_100..<23_200 {
            if let node = try? await TestNode(number, credentials, port: port, members: members) { return node }
        }
        return try await TestNode(number, credentials, members: members)
    }

    @Test("a removed member is cut off in both directions, and the others stay")
    func removal() async throws {
        let authority = try Authority()
        let (first, second) = try await pair(authority)
        let third = try await TestNode(3, try authority.credentials("n3"), members: [first.member])
        first.links.update(LinkRoster(members: [second.member, third.member]))
        try #require(await first.isConnected(to: third))
        try #require(await third.isConnected(to: first))
        first.links.update(LinkRoster(members: [first.member, second.member]))
        #expect(await first.recorder.wait { $0.disconnects[memberID(3)] == [.memberChanged] })
        #expect(await third.recorder.wait { $0.disconnects[memberID(1)] != nil })
        #expect(await first.refusedIncoming("certificate_unknown_member"))
        #expect(first.links.send([1], to: third.id) == .dropped(.unknownMember))
        #expect(await first.reaches(second))
        #expect(await second.reaches(first))
        #expect(first.recorder.value.disconnects[second.id] == nil)
        #expect(second.recorder.value.disconnects[first.id] == nil)
        await stop(first, second, third)
    }

    @Test("who is not dialled is let in all the same, and dialled as soon as that is wanted")
    func dialled() async throws {
        let authority = try Authority()
        let (first, second) = try await pair(authority)
        let third = try await TestNode(3, try authority.credentials("n3"), members: [first.member])
        let all = [second.member, third.member]
        first.links.update(LinkRoster(members: all, dialled: [second.id]))
        try #require(await third.isConnected(to: first))
        #expect(await third.reaches(first))
        #expect(first.links.send([1], to: third.id) == .dropped(.unknownMember))
        #expect(first.links.statistics.peers.map(\.member) == [second.member])

        first.links.update(LinkRoster(members: all, dialled: [third.id]))
        try #require(await first.isConnected(to: third))
        #expect(await first.reaches(third))
        #expect(await first.recorder.wait { $0.disconnects[memberID(2)] == [.notDialled] })
        #expect(first.links.send([1], to: second.id) == .dropped(.unknownMember))
        // Its own link to this node is as it was.
        #expect(await second.reaches(first))
        #expect(second.recorder.value.disconnects[first.id] == nil)

        first.links.update(LinkRoster(members: all))
        #expect(await first.isConnected(to: second))
        #expect(await first.reaches(third))
        await stop(first, second, third)
    }

    @Test("whoever is to be dialled and is no member any more is not")
    func dialledStranger() async throws {
        let authority = try Authority()
        let (first, second) = try await pair(authority)
        let third = try await TestNode(3, try authority.credentials("n3"), members: [first.member])
        let wanted: Set = [second.id, third.id, first.id]
        first.links.update(LinkRoster(members: [second.member, third.member], dialled: wanted))
        try #require(await first.isConnected(to: third))
        first.links.update(LinkRoster(members: [second.member], dialled: wanted))
        #expect(await first.recorder.wait { $0.disconnects[memberID(3)] == [.memberChanged] })
        #expect(await first.refusedIncoming("certificate_unknown_member"))
        #expect(first.links.statistics.peers.map(\.member) == [second.member])
        #expect(await first.reaches(second))
        await stop(first, second, third)
    }

    @Test("a removed member, of this incarnation or an earlier one, is told so")
    func former() async throws {
        let authority = try Authority()
        let (first, second) = try await pair(authority)
        let credentials = try authority.credentials("n3")
        let former = LinkRoster.FormerMember(
            id: MemberID(high: 0, low: 3, incarnation: 2),
            name: "n3",
            keyFingerprint: credentials.fingerprint
        )
        first.links.update(LinkRoster(members: [second.member], former: [former]))
        let third = try await TestNode(3, credentials, members: [first.member])
        #expect(await third.refusedOutgoing("refused_by_peer_removed"))
        #expect(await first.refusedIncoming("hello_removed"))
        await stop(first, second, third)
    }

    @Test("a member from another data directory than the one it named is told so, and kept out")
    func otherInstance() async throws {
        let authority = try Authority()
        let (first, second) = try await pair(authority)
        try #require(await second.isConnected(to: first))
        first.links.update(LinkRoster(members: [second.member], instances: [second.id: .of([99])]))
        #expect(await second.recorder.wait { $0.disconnects[memberID(1)] != nil })
        #expect(await second.refusedOutgoing("refused_by_peer_other_instance"))
        #expect(await first.refusedIncoming("hello_other_instance"))
        first.links.update(LinkRoster(members: [second.member], instances: [second.id: instance]))
        #expect(await second.isConnected(to: first))
        await stop(first, second)
    }

    @Test("another incarnation of the receiver is not spoken to")
    func incarnation() async throws {
        let authority = try Authority()
        let first = try await TestNode(1, try authority.credentials("n1"))
        let second = try await TestNode(2, try authority.credentials("n2"), members: [first.member])
        let old = LinkMember(
            id: MemberID(high: 0, low: 2, incarnation: 7),
            name: "n2",
            host: "127.0.0.1",
            port: second.member.port,
            keyFingerprint: second.member.keyFingerprint
        )
        first.links.update(LinkRoster(members: [old]))
        #expect(await first.refusedOutgoing("refused_by_peer_wrong_receiver"))
        #expect(await second.refusedIncoming("hello_wrong_receiver"))
        #expect(await first.refusedIncoming("hello_unknown_sender"))
        await stop(first, second)
    }

    @Test("a peer that does not read costs a bounded amount of memory and nobody else's frames")
    func backPressure() async throws {
        var options = LinkOptions()
        options.maximumQueuedByteCount = 4 * 1024 * 1024
        options.maximumFrameByteCount = 1024 * 1024
        let authority = try Authority()
        let (first, second) = try await pair(authority, options: options)
        let credentials = try authority.credentials("n3")
        let greeting = RawPeer.hello(from: memberID(3), named: "n3", to: first.id)
        let deaf = try await RawPeer.listen(showing: credentials, writing: greeting, reads: false)
        let member = try raw(3, "n3", deaf, credentials)
        first.links.update(LinkRoster(members: [second.member, member]))
        try #require(await first.recorder.wait { $0.connected.contains(memberID(3)) })
        let frame = [UInt8](repeating: 1, count: 1024 * 1024)
        // Socket buffers take some; a hundred megabytes they do not.
        let results = (0..<100).map { _ in first.links.send(frame, to: memberID(3)) }
        #expect(results.last == .dropped(.queueFull))
        let queued = try #require(first.links.statistics.peers.first { $0.member.id == memberID(3) }).queuedByteCount
        #expect(queued <= options.maximumQueuedByteCount)
        #expect(await first.reaches(second))
        await stop(first, second)
        try await deaf.close()
    }

    @Test("a port in use is named in the error")
    func portInUse() async throws {
        let authority = try Authority()
        let first = try await TestNode(1, try authority.credentials("n1"))
        await #expect(throws: LinksError.addressInUse("127.0.0.1:\(first.member.port)")) {
            _ = try await TestNode(2, try authority.credentials("n2"), port: first.member.port)
        }
        await #expect(throws: LinksError.alreadyStarted) { try await first.links.start() }
        #expect(
            LinksError.addressInUse("127.0.0.1:7001").description
                == "cannot listen for peers on 127.0.0.1:7001: the port is in use; stop what uses it or configure another"
        )
        await stop(first)
    }

    @Test("after shutdown nothing is sent, heard or dialled")
    func shutdown() async throws {
        let (first, second) = try await pair(try Authority())
        await first.links.shutdown()
        #expect(first.links.send([1], to: second.id) == .dropped(.unknownMember))
        #expect(first.links.statistics.incomingConnections == 0)
        #expect(first.recorder.value.disconnects[second.id] == [.shutdown])
        let told = first.recorder.value.frames.count
        _ = second.links.send([1], to: first.id)
        #expect(await second.refusedOutgoing("unreachable"))
        #expect(first.recorder.value.frames.count == told)
        await first.links.shutdown()
        await stop(second)
    }

    private func raw(
        _ number: UInt64,
        _ name: String,
        _ channel: any Channel,
        _ credentials: NodeCredentials
    ) throws -> LinkMember {
        LinkMember(
            id: memberID(number),
            name: name,
            host: "127.0.0.1",
            port: try #require(channel.localAddress?.port),
            keyFingerprint: credentials.fingerprint
        )
    }

    @Test("a node whose certificate has ended is let in once it shows another of the same key, and open links stay")
    func renewed() async throws {
        let authority = try Authority()
        let key = PrivateKey()
        let past = CertificateValidity(notBefore: year.notBefore, notAfter: now.reduced(by: .seconds(60)))
        let first = try await TestNode(1, try authority.credentials("n1"))
        let second = try await TestNode(
            2,
            try authority.credentials("n2", key: key, validity: past),
            members: [first.member]
        )
        first.links.update(LinkRoster(members: [first.member, second.member]))
        #expect(await first.refusedIncoming("certificate_expired"))
        #expect(await first.refusedOutgoing("certificate_expired"))
        #expect(first.recorder.value.connected.isEmpty && second.recorder.value.connected.isEmpty)

        try second.links.present(try authority.credentials("n2", key: key))
        try #require(await first.isConnected(to: second))
        try #require(await second.isConnected(to: first))
        #expect(await first.reaches(second))

        try second.links.present(try authority.credentials("n2", key: key, validity: past))
        #expect(await first.reaches(second))
        #expect(await second.reaches(first))
        #expect(first.recorder.value.disconnects.isEmpty && second.recorder.value.disconnects.isEmpty)
        await stop(first, second)
    }
}
