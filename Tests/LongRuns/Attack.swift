import ArgumentParser
import Foundation
import Kernel
import Keys
import Links
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Takes the place of an edge that has joined, and sends its neighbour what it is told to, as fast as it can. A process of its own,
/// started by `BadInput`: each line of standard input is a kind of ammunition to begin with, or `stop`. What the victim has not read by
/// then goes with the link; the next kind comes over another.
struct Attack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option(help: "The folder of the edge whose place it takes.") var folder: String
    @Option(help: "The answer of /v1/members.") var members: String
    @Option(help: "Its name.") var name: String
    @Option(help: "The name of the node that is attacked.") var target: String
    @Option(help: "The cluster's.") var lineage: String

    func run() async throws {
        let nodes = try JSONDecoder().decode(Nodes.self, from: Data(contentsOf: URL(filePath: members)))
        guard let lineage = UUIDText.parse(lineage), let own = nodes.items.first(where: { $0.name == name }),
            let victim = nodes.items.first(where: { $0.name == target })
        else { throw ValidationError("\(members) does not name \(name) and \(target), or the lineage is none.") }
        let attacker = try Attacker(
            own: own.member,
            victim: victim.member,
            everybody: nodes.items.map { try $0.member },
            folder: folder,
            lineage: Lineage(high: lineage.high, low: lineage.low)
        )
        try await attacker.connect()
        say("connected")
        try await attacker.listen()
        say("ready")
        while let line = readLine() {
            if let kind = Ammunition(rawValue: line) {
                try await attacker.begin(kind)
                say("firing")
            } else {
                say(await attacker.stop().text)
            }
        }
    }

    private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private struct Nodes: Decodable {
        let items: [Node]
    }

    private struct Node: Decodable {
        let id: String
        let incarnation: UInt32
        let name: String
        let address: String
        let fingerprint: String

        enum CodingKeys: String, CodingKey {
            case id, incarnation, name, address = "raft_address", fingerprint = "key_fingerprint"
        }

        var member: LinkMember {
            get throws {
                guard let uuid = UUIDText.parse(id), let fingerprint = KeyFingerprint(hex: fingerprint),
                    let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...])
                else { throw ValidationError("\(name) is not described as a member is.") }
                return LinkMember(
                    id: MemberID(high: uuid.high, low: uuid.low, incarnation: incarnation),
                    name: name,
                    host: String(address[..<colon]),
                    port: port,
                    keyFingerprint: fingerprint
                )
            }
        }
    }
}

/// A peer whose link is as good as any edge's.
final class Attacker: Sendable {
    struct Tally: Sendable {
        var frames = 0
        var bytes = 0
        /// That nothing could be made of a kind, since nothing of it had been heard.
        var isEmptyHanded = false

        var text: String { "\(frames) \(bytes) \(isEmptyHanded)" }
    }

    private let own: LinkMember
    private let victim: LinkMember
    private let lineage: Lineage
    private let ear = Ear()
    private let roster: LinkRoster
    private let instance: Digest
    private let credentials: NodeCredentials
    /// Nil while it has no link.
    private let links = Mutex<PeerLinks?>(nil)
    private let isFiring = Atomic<Bool>(false)
    /// What the thread has sent, once it has ended; nil while there is none.
    private let ending = Mutex<AsyncStream<Tally>?>(nil)

    init(own: LinkMember, victim: LinkMember, everybody: [LinkMember], folder: String, lineage: Lineage) throws {
        self.own = own
        self.victim = victim
        self.lineage = lineage
        let files = NodeCredentials.Files(
            certificate: "\(folder)/node.crt",
            key: "\(folder)/node.key",
            roots: "\(folder)/roots.crt"
        )
        (credentials, _) = try NodeCredentials.load(files, allowPlainKey: true) { () throws(KeysError) in nil }
        let text = try String(contentsOfFile: "\(folder)/data/instance", encoding: .utf8).prefix(64)
        guard let instance = Digest(hex: String(text)) else { throw ValidationError("\(folder) has no instance.") }
        self.instance = instance
        roster = LinkRoster(members: everybody, dialled: [victim.id])
    }

    /// In both directions: gossip is taken from a neighbour to whom a link is open.
    func connect() async throws {
        // No more waits to be sent than is on its way soon.
        var options = LinkOptions()
        options.maximumFrameByteCount = 128 << 10
        options.maximumQueuedByteCount = 1 << 20
        options.maximumQueuedFrameCount = 1024
        let links = try PeerLinks(
            local: own,
            instance: instance,
            roster: roster,
            credentials: credentials,
            lineage: lineage,
            options: options,
            clock: { WallTime.now },
            group: MultiThreadedEventLoopGroup.singleton,
            delegate: ear,
            logger: Logger(label: "attack") { _ in SwiftLogNoOpLogHandler() }
        )
        ear.forgetSpeakers()
        try await links.start()
        try await wait("a link to \(victim.name)") {
            links.statistics.connected.contains(victim.id) && ear.isHearing(victim.id)
        }
        self.links.withLock { $0 = links }
    }

    /// Until seals and a statement have been heard.
    func listen() async throws {
        try await wait("seals and statements") { ear.heard.seals.count >= 3 && !ear.heard.statements.isEmpty }
    }

    private func wait(_ what: String, until isMet: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !isMet() {
            guard ContinuousClock.now < deadline else { throw ValidationError("there was not within 20 s: \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// On a thread of its own, which does nothing else, over the link that there is or a new one.
    func begin(_ kind: Ammunition) async throws {
        guard !isFiring.exchange(true, ordering: .sequentiallyConsistent) else { return }
        if links.withLock({ $0 }) == nil { try await connect() }
        guard let links = links.withLock({ $0 }) else { return }
        let (ending, end) = AsyncStream<Tally>.makeStream()
        self.ending.withLock { $0 = ending }
        Thread.detachNewThread { [self] in
            end.yield(fire(kind, over: links))
            end.finish()
        }
    }

    /// What was handed to the link since the beginning. The link is closed.
    func stop() async -> Tally {
        isFiring.store(false, ordering: .sequentiallyConsistent)
        let ending = ending.withLock { ending in
            defer { ending = nil }
            return ending
        }
        var tally = Tally()
        if let ending { for await sent in ending { tally = sent } }
        await links.withLock({ links in
            defer { links = nil }
            return links
        })?.shutdown()
        return tally
    }

    private func fire(_ kind: Ammunition, over links: PeerLinks) -> Tally {
        var forge = Forge(lineage: lineage, member: own.id, heard: ear.heard)
        var sum = Tally()
        while isFiring.load(ordering: .relaxed) {
            guard let frame = forge.frame(kind, at: .now) else {
                sum.isEmptyHanded = true
                break
            }
            // The link is full: what is made next waits, as short as can be.
            while links.send(frame, to: victim.id) != .queued, isFiring.load(ordering: .relaxed) { usleep(200) }
            sum.frames += 1
            sum.bytes += frame.count
        }
        return sum
    }
}

/// Keeps what others tell, and answers nothing.
private final class Ear: LinkDelegate {
    private let state = Mutex<(heard: Heard, speakers: Set<MemberID>)>((Heard(), []))

    var heard: Heard { state.withLock { $0.heard } }

    func isHearing(_ member: MemberID) -> Bool { state.withLock { $0.speakers.contains(member) } }

    func forgetSpeakers() { state.withLock { $0.speakers = [] } }

    func received(_ frame: [UInt8], from member: MemberID) -> TimeAmount? {
        state.withLock { state in
            state.speakers.insert(member)
            state.heard.take(frame)
        }
        return nil
    }
    func connected(_ member: MemberID) {}
    func disconnected(_ member: MemberID, reason: LinkFailure) {}
}
