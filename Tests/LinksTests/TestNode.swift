import Identity
import Kernel
import Keys
import Links
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

let now = WallTime(milliseconds: 1_767_225_600_000)
let year = CertificateValidity(
    notBefore: now.reduced(by: .seconds(86400)),
    notAfter: now.advanced(by: .seconds(31_536_000))
)
let lineage = Lineage(high: 1, low: 2)
let instance = Digest.of([3])

/// A root, and the credentials of the nodes that it vouches for.
struct Authority: Sendable {
    let domain: TrustDomain
    let issuer: CertificateIssuer

    init(
        _ name: String = "reeve.example",
        rootKey: PrivateKey = PrivateKey(),
        validity: CertificateValidity = year
    ) throws {
        domain = try TrustDomain(parsing: name)
        issuer = try CertificateIssuer.selfSigned(trustDomain: domain, key: rootKey, validity: validity)
    }

    func credentials(
        _ name: String,
        key: PrivateKey = PrivateKey(),
        hosts: [String] = ["127.0.0.1"],
        validity: CertificateValidity = year
    ) throws -> NodeCredentials {
        let leaf = try issuer.issueNode(name, publicKey: key.publicKey, hosts: hosts, validity: validity)
        return try NodeCredentials(chain: [leaf], key: key, roots: [issuer.certificate])
    }
}

func memberID(_ number: UInt64) -> MemberID { MemberID(high: 0, low: number) }

/// What a node has been told and has logged, and a way to wait for more without polling.
final class Recorder: LinkDelegate {
    struct State: Sendable {
        var frames: [MemberID: [[UInt8]]] = [:]
        var connected: Set<MemberID> = []
        var disconnects: [MemberID: [LinkFailure]] = [:]
        /// "message code" of each log line that has a code.
        var logged: Set<String> = []
    }

    private struct Waiter {
        let isMet: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// After each frame.
    private let pause: TimeAmount?
    private let state = Mutex<(value: State, waiters: [UInt64: Waiter], nextID: UInt64)>((State(), [:], 0))

    init(pause: TimeAmount? = nil) { self.pause = pause }

    var value: State { state.withLock { $0.value } }

    func received(_ frame: [UInt8], from member: MemberID) -> TimeAmount? {
        change { $0.frames[member, default: []].append(frame) }
        return pause
    }
    func connected(_ member: MemberID) { change { $0.connected.insert(member) } }
    func disconnected(_ member: MemberID, reason: LinkFailure) {
        change { state in
            state.connected.remove(member)
            state.disconnects[member, default: []].append(reason)
        }
    }

    fileprivate func logged(_ text: String) { change { $0.logged.insert(text) } }

    /// Whether the condition holds, now or before the deadline.
    func wait(seconds: Int64 = 20, until isMet: @escaping @Sendable (State) -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let id: UInt64? = state.withLock { state in
                if isMet(state.value) { return nil }
                state.nextID += 1
                state.waiters[state.nextID] = Waiter(isMet: isMet, continuation: continuation)
                return state.nextID
            }
            guard let id else { return continuation.resume(returning: true) }
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            loop.scheduleTask(in: .seconds(seconds)) {
                self.state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let met = state.withLock { state in
            body(&state.value)
            let met = state.waiters.filter { $0.value.isMet(state.value) }
            for id in met.keys { state.waiters[id] = nil }
            return met.values.map(\.continuation)
        }
        for continuation in met { continuation.resume(returning: true) }
    }
}

/// Gives each line with a code to the recorder, so that a test can wait for it.
private struct RecordingLogHandler: LogHandler {
    let recorder: Recorder
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    func log(event: LogEvent) {
        if let code = event.metadata?["code"] { recorder.logged("\(event.message) \(code)") }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}

/// Peer links on loopback with what they have told.
struct TestNode {
    let links: PeerLinks
    let recorder: Recorder
    let member: LinkMember

    init(
        _ number: UInt64,
        _ credentials: NodeCredentials,
        port: Int = 0,
        members: [LinkMember] = [],
        options: LinkOptions = LinkOptions(),
        lineage: Lineage = lineage,
        instance: Digest = instance,
        pause: TimeAmount? = nil
    ) async throws {
        let recorder = Recorder(pause: pause)
        let name = try #require(credentials.spiffeID.nodeName)
        let logger = Logger(label: name) { _ in RecordingLogHandler(recorder: recorder) }
        func member(_ port: Int) -> LinkMember {
            LinkMember(
                id: memberID(number),
                name: name,
                host: "127.0.0.1",
                port: port,
                keyFingerprint: credentials.fingerprint
            )
        }
        links = try PeerLinks(
            local: member(port),
            instance: instance,
            roster: LinkRoster(members: members),
            credentials: credentials,
            lineage: lineage,
            options: options,
            clock: { now },
            group: MultiThreadedEventLoopGroup.singleton,
            delegate: recorder,
            logger: logger
        )
        try await links.start()
        self.recorder = recorder
        self.member = member(try #require(links.listeningPort))
    }

    var id: MemberID { member.id }

    func isConnected(to other: TestNode) async -> Bool {
        let id = other.id
        return await recorder.wait { $0.connected.contains(id) }
    }

    /// Sends a frame that nobody else sends and waits until it has come.
    func reaches(_ other: TestNode) async -> Bool {
        var frame: [UInt8] = []
        frame.append(bigEndian: UInt64.random(in: 0...(.max)))
        let id = self.id
        guard links.send(frame, to: other.id) == .queued else { return false }
        return await other.recorder.wait { [frame] in $0.frames[id]?.contains(frame) ?? false }
    }

    func refusedIncoming(_ code: String) async -> Bool {
        await recorder.wait { $0.logged.contains("incoming peer connection ended \(code)") }
    }

    func refusedOutgoing(_ code: String) async -> Bool {
        await recorder.wait { $0.logged.contains("no connection to peer \(code)") }
    }
}
