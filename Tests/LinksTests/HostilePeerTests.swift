import Identity
import Kernel
import Keys
import NIOCore
import Testing

@testable import Links

/// Who is refused and how, each beside two healthy nodes that must not notice.
@Suite("Hostile peer")
struct HostilePeerTests {
    /// What a peer shows and says, and by which codes it is refused.
    struct Impostor: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Credentials from the cluster's authority and the key that the log pins for n3.
        let credentials: @Sendable (Authority, PrivateKey) throws -> NodeCredentials
        var sender: UInt64 = 3
        var name = "n3"
        var lineage = Lineage(high: 1, low: 2)
        /// When it dials.
        let incoming: String
        /// When it is dialled.
        let outgoing: String
    }

    static let impostors: [Impostor] = [
        Impostor(
            testDescription: "certificate of another root",
            credentials: { _, key in try Authority().credentials("n3", key: key) },
            incoming: "certificate_unknown_issuer",
            outgoing: "certificate_unknown_issuer"
        ),
        Impostor(
            testDescription: "expired certificate",
            credentials: { authority, key in
                let validity = CertificateValidity(
                    notBefore: now.reduced(by: .seconds(100)),
                    notAfter: now.reduced(by: .seconds(10))
                )
                return try authority.credentials("n3", key: key, validity: validity)
            },
            incoming: "certificate_expired",
            outgoing: "certificate_expired"
        ),
        Impostor(
            testDescription: "certificate of tomorrow",
            credentials: { authority, key in
                let validity = CertificateValidity(from: now.advanced(by: .seconds(86400)), lasting: .seconds(100))
                return try authority.credentials("n3", key: key, validity: validity)
            },
            incoming: "certificate_not_yet_valid",
            outgoing: "certificate_not_yet_valid"
        ),
        Impostor(
            testDescription: "wrong trust domain",
            credentials: { _, key in try Authority("other.example").credentials("n3", key: key) },
            incoming: "certificate_wrong_trust_domain",
            outgoing: "certificate_wrong_trust_domain"
        ),
        Impostor(
            testDescription: "certificate with another member's name",
            credentials: { authority, key in try authority.credentials("n2", key: key) },
            incoming: "certificate_key_not_pinned",
            outgoing: "certificate_name_mismatch"
        ),
        Impostor(
            testDescription: "hello with another member's name",
            credentials: { authority, key in try authority.credentials("n3", key: key) },
            sender: 2,
            name: "n2",
            incoming: "hello_wrong_name",
            outgoing: "hello_wrong_name"
        ),
        Impostor(
            testDescription: "hello with another member's id",
            credentials: { authority, key in try authority.credentials("n3", key: key) },
            sender: 2,
            incoming: "hello_wrong_name",
            outgoing: "hello_wrong_name"
        ),
        Impostor(
            testDescription: "key that is not pinned",
            credentials: { authority, _ in try authority.credentials("n3") },
            incoming: "certificate_key_not_pinned",
            outgoing: "certificate_key_not_pinned"
        ),
        Impostor(
            testDescription: "node that is no member",
            credentials: { authority, key in try authority.credentials("n9", key: key) },
            incoming: "certificate_unknown_member",
            outgoing: "certificate_name_mismatch"
        ),
        Impostor(
            testDescription: "administrator",
            credentials: { authority, key in
                let id = try SPIFFEID.administrator("alice", in: authority.domain)
                let leaf = try authority.issuer.issueClient(id, publicKey: key.publicKey, validity: year)
                return try NodeCredentials(chain: [leaf], key: key, roots: [authority.issuer.certificate])
            },
            incoming: "certificate_not_a_node",
            outgoing: "certificate_wrong_purpose"
        ),
        Impostor(
            testDescription: "another log",
            credentials: { authority, key in try authority.credentials("n3", key: key) },
            lineage: Lineage(high: 1, low: 3),
            incoming: "hello_wrong_lineage",
            outgoing: "hello_wrong_lineage"
        ),
        Impostor(
            testDescription: "unknown member id",
            credentials: { authority, key in try authority.credentials("n3", key: key) },
            sender: 9,
            incoming: "hello_unknown_sender",
            outgoing: "hello_unknown_sender"
        ),
    ]

    @Test("is refused with the reason when it dials and when it is dialled", arguments: impostors)
    func impostor(_ impostor: Impostor) async throws {
        try await besideHealthyPair { first, others, authority in
            let key = PrivateKey()
            let credentials = try impostor.credentials(authority, key)
            let hello = RawPeer.hello(
                from: memberID(impostor.sender),
                named: impostor.name,
                to: first.id,
                lineage: impostor.lineage
            )
            let listener = try await RawPeer.listen(showing: credentials, writing: hello)
            let pinned = LinkMember(
                id: memberID(3),
                name: "n3",
                host: "127.0.0.1",
                port: try #require(listener.localAddress?.port),
                keyFingerprint: key.fingerprint
            )
            first.links.update(LinkRoster(members: others + [pinned]))
            #expect(await first.refusedOutgoing(impostor.outgoing))
            let frame = RawPeer.frame([6, 6, 6])
            let channel = try await RawPeer.dial(first.member.port, showing: credentials, writing: hello + frame)
            #expect(await first.refusedIncoming(impostor.incoming))
            try await channel.closeFuture.get()
            try await listener.close()
            let state = first.recorder.value
            #expect(!state.connected.contains(memberID(3)))
            #expect(!state.frames.values.contains { $0.contains([6, 6, 6]) })
        }
    }

    @Test("of two members of one name each is bound to its own key")
    func sameName() async throws {
        try await besideHealthyPair { first, others, authority in
            let old = try authority.credentials("n3"), new = try authority.credentials("n3")
            func member(_ number: UInt64, _ credentials: NodeCredentials) -> LinkMember {
                LinkMember(
                    id: memberID(number),
                    name: "n3",
                    host: "127.0.0.1",
                    port: 1,
                    keyFingerprint: credentials.fingerprint
                )
            }
            first.links.update(LinkRoster(members: others + [member(3, old), member(4, new)]))
            let stolen = RawPeer.hello(from: memberID(4), named: "n3", to: first.id)
            let refused = try await RawPeer.dial(first.member.port, showing: old, writing: stolen)
            #expect(await first.refusedIncoming("hello_wrong_key"))
            try await refused.closeFuture.get()
            let own = RawPeer.hello(from: memberID(3), named: "n3", to: first.id) + RawPeer.frame([5])
            let accepted = try await RawPeer.dial(first.member.port, showing: old, writing: own)
            #expect(await first.recorder.wait { $0.frames[memberID(3)] == [[5]] })
            accepted.close(promise: nil)
        }
    }

    @Test("a client without a certificate is refused")
    func anonymous() async throws {
        try await besideHealthyPair { first, _, _ in
            let channel = try await RawPeer.dial(first.member.port, showing: nil, writing: [1])
            #expect(await first.refusedIncoming("tls"))
            try await channel.closeFuture.get()
        }
    }

    @Test(
        "anything but TLS is refused",
        arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{03}\u{01}\0\u{04}\u{01}\0\0\0"]
    )
    func garbage(_ text: String) async throws {
        try await besideHealthyPair { first, _, _ in
            let channel = try await RawPeer.dial(first.member.port, writing: Array(text.utf8))
            #expect(await first.refusedIncoming("tls"))
            try await channel.closeFuture.get()
        }
    }

    @Test("random bytes to the port are refused", arguments: 1...5 as ClosedRange<UInt64>)
    func random(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        try await besideHealthyPair { first, _, _ in
            let channel = try await RawPeer.dial(first.member.port, writing: bytes)
            #expect(await first.refusedIncoming("tls"))
            try await channel.closeFuture.get()
        }
    }

    @Test("whoever says nothing is closed after the time for hellos")
    func silent() async throws {
        var options = LinkOptions()
        options.helloTimeout = .milliseconds(100)
        try await besideHealthyPair(options: options) { first, _, authority in
            let plain = try await RawPeer.dial(first.member.port)
            #expect(await first.refusedIncoming("hello_timeout"))
            try await plain.closeFuture.get()
            let secured = try await RawPeer.dial(
                first.member.port,
                showing: try authority.credentials("n2"),
                writing: []
            )
            try await secured.closeFuture.get()
        }
    }

    @Test("connections that have not said who they are stay within their bound and keep no member out")
    func flood() async throws {
        var options = LinkOptions()
        options.maximumUnidentified = 3
        options.helloTimeout = .minutes(1)
        try await besideHealthyPair(options: options) { first, others, authority in
            var channels: [any Channel] = []
            for _ in 0..<10 { channels.append(try await RawPeer.dial(first.member.port)) }
            #expect(await first.refusedIncoming("too_many_unidentified"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for channel in channels { group.addTask { try await channel.closeFuture.get() } }
                for _ in 0..<7 { try await group.next() }
                #expect(channels.filter { $0.isActive }.count == 3)
                try await expectRoom(for: 3, at: first, beside: others, authority)
                for channel in channels { channel.close(promise: nil) }
                try await group.waitForAll()
            }
        }
    }

    @Test("of those that have not said who they are, one goes of the address from which most come, the oldest")
    func crowd() {
        #expect(IncomingLinks.replaced(of: [:]) == nil)
        #expect(IncomingLinks.replaced(of: [1: "a", 2: "b", 3: "b"]) == 2)
        #expect(IncomingLinks.replaced(of: [4: "a", 2: "b", 3: "a", 1: "b"]) == 1, "of two as many the oldest")
        #expect(IncomingLinks.replaced(of: [9: "a", 7: "a", 8: "a", 1: "b", 2: "b"]) == 7)
    }

    /// A member that is new gets through.
    private func expectRoom(
        for number: UInt64,
        at first: TestNode,
        beside others: [LinkMember],
        _ authority: Authority
    ) async throws {
        let node = try await TestNode(number, try authority.credentials("n\(number)"), members: [first.member])
        first.links.update(LinkRoster(members: others + [node.member]))
        #expect(await node.isConnected(to: first))
        await node.links.shutdown()
    }

    /// What a member sends after a hello that is accepted, and how its connection ends.
    static let misbehaviours: [(String, [UInt8], String)] = [
        ("oversized frame", [0x01, 0x00, 0x00, 0x01], "frame_too_large"),
        ("greatest length", [0xff, 0xff, 0xff, 0xff], "frame_too_large"),
        ("empty frame", [0, 0, 0, 0], "frame_empty"),
    ]

    @Test("a member's bad frame ends its connection alone", arguments: misbehaviours)
    func badFrame(_: String, bytes: [UInt8], code: String) async throws {
        try await besideMember { first, credentials in
            let hello = RawPeer.hello(from: memberID(3), named: "n3", to: first.id)
            let good = RawPeer.frame([1, 2, 3])
            let channel = try await RawPeer.dial(first.member.port, showing: credentials, writing: hello + good + bytes)
            #expect(await first.refusedIncoming(code))
            try await channel.closeFuture.get()
            #expect(first.recorder.value.frames[memberID(3)] == [[1, 2, 3]])
        }
    }

    @Test("a frame cut off by the end of the connection is dropped")
    func truncated() async throws {
        try await besideMember { first, credentials in
            let hello = RawPeer.hello(from: memberID(3), named: "n3", to: first.id)
            let cut = RawPeer.frame([1, 2, 3]).dropLast()
            let channel = try await RawPeer.dial(
                first.member.port,
                showing: credentials,
                writing: hello + RawPeer.frame([9]) + cut
            )
            #expect(await first.recorder.wait { $0.frames[memberID(3)] == [[9]] })
            try await channel.close()
            #expect(await first.refusedIncoming("frame_truncated"))
            #expect(first.recorder.value.frames[memberID(3)] == [[9]])
        }
    }

    @Test("a first frame that is no hello is refused, and so is one longer than a hello can be")
    func noHello() async throws {
        try await besideMember { first, credentials in
            for (bytes, code) in [
                (RawPeer.frame([1, 2, 3]), "hello_malformed"),
                (RawPeer.frame(.init(repeating: 0, count: 257)), "frame_too_large"),
            ] {
                let channel = try await RawPeer.dial(first.member.port, showing: credentials, writing: bytes)
                #expect(await first.refusedIncoming(code))
                try await channel.closeFuture.get()
            }
        }
    }

    @Test("a peer that writes frames where it should only read is cut off")
    func wrongDirection() async throws {
        try await besideHealthyPair { first, others, authority in
            let credentials = try authority.credentials("n3")
            let hello = RawPeer.hello(from: memberID(3), named: "n3", to: first.id)
            let listener = try await RawPeer.listen(showing: credentials, writing: hello + RawPeer.frame([1]))
            let member = LinkMember(
                id: memberID(3),
                name: "n3",
                host: "127.0.0.1",
                port: try #require(listener.localAddress?.port),
                keyFingerprint: credentials.fingerprint
            )
            first.links.update(LinkRoster(members: others + [member]))
            #expect(await first.refusedOutgoing("unexpected_frame"))
            try await listener.close()
        }
    }

    @Test("whoever sends more than it may is not read for a while, and then again")
    func paused() async throws {
        let pause = TimeAmount.seconds(1)
        try await besideMember(pause: pause) { first, credentials in
            let hello = RawPeer.hello(from: memberID(3), named: "n3", to: first.id)
            let bytes = hello + RawPeer.frame([1])
            let channel = try await RawPeer.dial(first.member.port, showing: credentials, writing: bytes)
            #expect(await first.recorder.wait { $0.frames[memberID(3)] == [[1]] })
            let start = NIODeadline.now()
            channel.writeAndFlush(ByteBuffer(bytes: RawPeer.frame([2]) + RawPeer.frame([3])), promise: nil)
            #expect(await first.recorder.wait { $0.frames[memberID(3)] == [[1], [2]] })
            // The pause began a moment before.
            let second = NIODeadline.now()
            #expect(second - start > .milliseconds(500))
            // It came with the other, and has to wait all the same.
            #expect(await first.recorder.wait { $0.frames[memberID(3)] == [[1], [2], [3]] })
            #expect(NIODeadline.now() - second > .milliseconds(500))
            channel.close(promise: nil)
        }
    }

    @Test("of too many connections of one member the oldest goes")
    func tooMany() async throws {
        try await besideMember { first, credentials in
            var channels: [any Channel] = []
            for number in 1...5 as ClosedRange<UInt8> {
                let bytes = RawPeer.hello(from: memberID(3), named: "n3", to: first.id) + RawPeer.frame([number])
                channels.append(try await RawPeer.dial(first.member.port, showing: credentials, writing: bytes))
                #expect(await first.recorder.wait { $0.frames[memberID(3)]?.contains([number]) ?? false })
            }
            #expect(await first.refusedIncoming("replaced"))
            try await channels[0].closeFuture.get()
            for channel in channels.dropFirst() { #expect(channel.isActive) }
            for channel in channels { channel.close(promise: nil) }
        }
    }

    /// Runs beside n1 and n2, which must stay connected throughout and exchange frames after.
    private func besideHealthyPair(
        options: LinkOptions = LinkOptions(),
        pause: TimeAmount? = nil,
        _ body: (TestNode, [LinkMember], Authority) async throws -> Void
    ) async throws {
        let authority = try Authority()
        let first = try await TestNode(1, try authority.credentials("n1"), options: options, pause: pause)
        let second = try await TestNode(2, try authority.credentials("n2"), members: [first.member], options: options)
        first.links.update(LinkRoster(members: [first.member, second.member]))
        try #require(await first.isConnected(to: second))
        try #require(await second.isConnected(to: first))
        try await body(first, [first.member, second.member], authority)
        #expect(await first.reaches(second))
        #expect(await second.reaches(first))
        #expect(first.recorder.value.disconnects[second.id] == nil)
        #expect(second.recorder.value.disconnects[first.id] == nil)
        await first.links.shutdown()
        await second.links.shutdown()
    }

    /// Also with a third member, whose own port nobody listens on.
    private func besideMember(
        pause: TimeAmount? = nil,
        _ body: (TestNode, NodeCredentials) async throws -> Void
    ) async throws {
        try await besideHealthyPair(pause: pause) { first, others, authority in
            let credentials = try authority.credentials("n3")
            let member = LinkMember(
                id: memberID(3),
                name: "n3",
                host: "127.0.0.1",
                port: 1,
                keyFingerprint: credentials.fingerprint
            )
            first.links.update(LinkRoster(members: others + [member]))
            try await body(first, credentials)
        }
    }
}
