import Consensus
import DequeModule
import Kernel
import Links
import Logging
import NIOCore
import Replica
import Storage
import Synchronization
import Wire

/// Runs one `ReplicaNode` on an event loop: receive, step, carry out the effects in their order.
///
/// It decides nothing about the protocol; what it holds is timers, and messages that wait for the disk.
final class ReplicaLoop: @unchecked Sendable {
    // Safe: the stored variables are touched on `loop` alone, which `drain` checks; after `hasStopped` they do not change.
    private var node: ReplicaNode
    private var held: Deque<HeldMessage> = []
    private var durable = LogWrite.ID(0)
    private var timer: (at: Instant, task: Scheduled<Void>)?
    private var isStopped = false
    private let hasStopped = Mutex(false)

    private struct HeldMessage {
        let message: PeerMessage
        let to: MemberID
        let after: LogWrite.ID
    }

    /// What the effects act on.
    struct Surroundings: Sendable {
        let clock: NodeClock
        let inbox: Inbox
        let links: PeerLinks
        let roster: MemberRoster
        let remembered: RememberedVoters
        let directory: DataDirectory
        let log: LogWriter
        let state: StateKeeper
        let reader: CatchUpReader
        let seals: SealOffice
        let requests: RequestBook
        let cell: DecisionCell
        let logger: Logger
        let readyToStop: @Sendable () -> Void
    }

    private let loop: any EventLoop
    private let around: Surroundings

    init(node: ReplicaNode, loop: any EventLoop, around: Surroundings) {
        self.node = node
        self.loop = loop
        self.around = around
    }

    func start() {
        around.inbox.onPost { self.drain() }
        loop.execute { self.step(.wake) }
    }

    /// Reads something of the node, between two steps; of a node that has stopped, what it was at last.
    func read<Result: Sendable>(_ body: @escaping @Sendable (ReplicaNode, Moment) -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            @Sendable func answer() { continuation.resume(returning: body(node, around.clock.now())) }
            // A loop that has ended calls nobody back.
            let mayTouchNode = hasStopped.withLock { hasStopped in
                if !hasStopped { loop.execute(answer) }
                return hasStopped
            }
            if mayTouchNode { answer() }
        }
    }

    func stop() async {
        around.inbox.close()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute {
                self.isStopped = true
                self.timer?.task.cancel()
                self.hasStopped.withLock { $0 = true }
                continuation.resume()
            }
        }
    }

    private func drain() {
        loop.preconditionInEventLoop()
        let batch = around.inbox.take()
        if !batch.submissions.isEmpty { step(.submit(batch.submissions)) }
        for input in batch.inputs {
            if case .persisted(let id, _) = input { release(through: id) }
            step(input)
        }
    }

    private func step(_ input: ReplicaNode.Input) {
        guard !isStopped else { return }
        for effect in node.step(input, at: around.clock.now()) { carry(effect) }
        arm()
    }

    private func carry(_ effect: ReplicaNode.Effect) {
        switch effect {
        case .persist(let write): around.log.write(write)
        case .send(let message, let peer, let write):
            if let write, durable < write {
                held.append(HeldMessage(message: message, to: peer, after: write))
            } else {
                send(message, to: peer)
            }
        case .apply(let entries): around.state.apply(entries)
        case .reply(let id, let reply): around.requests.resume(id, with: reply)
        case .readEntries(let peer, let index, let maxBytes):
            around.reader.readEntries(for: peer, from: index, maxBytes: maxBytes)
        case .readSnapshot(let peer, let position, let number):
            around.reader.readSnapshot(for: peer, position: position, number: number)
        case .readSealedSnapshot(let peer, let claim, let number, let maxBytes):
            around.reader.readSealedSnapshot(for: peer, claim, number: number, maxBytes: maxBytes)
        case .closeSealedSnapshot(let peer): around.reader.closeSealedSnapshot(for: peer)
        case .checkSnapshot(let point): around.reader.checkSnapshot(point, in: around.directory)
        case .stageSnapshot(let chunk): around.state.stage(chunk)
        case .installSnapshot(let point): around.state.install(point, log: around.log)
        case .compact(let index):
            around.state.prepareCompaction(before: index) { [log = around.log] in log.compact($0) }
        case .repairLog(let entries, let hash): around.log.repair(entries, hash: hash)
        case .readForRepair(let peer, let first, let last, let maxBytes):
            around.reader.readForRepair(for: peer, first: first, last: last, maxBytes: maxBytes)
        case .readLog(let peer, let index, let maxBytes):
            around.reader.readLog(for: peer, after: index, maxBytes: maxBytes)
        case .forgetLostTail: around.log.forgetLostTail()
        case .publish(let freshness): around.cell.publish(freshness)
        case .serving(let isServing): around.cell.publish(isServing: isServing)
        case .roleChanged(let status):
            // Only a leader sends snapshots.
            if status.role != .leader { around.reader.closeAll() }
            log(status)
        case .configurationChanged(let configuration):
            around.roster.follow(configuration)
            around.reader.closeAll(but: configuration.members)
        case .neighbours(let members): around.roster.follow(neighbours: members)
        case .introduced(let words):
            around.roster.introduced(words.introductions)
            around.reader.worker.run { [remembered = around.remembered] in remembered.save(words) }
        case .introduce(let voters, let peer, let stamp):
            send(PeerMessage(stamp: stamp, body: .voters(around.roster.introductions(of: voters))), to: peer)
        case .judge(let statements, let time): around.state.judge(statements, broughtAt: time)
        case .enforce(let statements): around.state.enforce(statements)
        case .release(let ids): around.state.release(ids)
        case .keepSealMark(let mark): around.seals.keep(mark)
        case .signSeal(let statement): around.seals.sign(statement)
        case .keepSealMemory(let memory): around.seals.keep(memory)
        case .readyToStop: around.readyToStop()
        case .note(let note): log(note)
        }
    }

    private func release(through id: LogWrite.ID) {
        durable = max(durable, id)
        while let first = held.first, first.after <= durable {
            held.removeFirst()
            send(first.message, to: first.to)
        }
    }

    private func send(_ message: PeerMessage, to peer: MemberID) {
        // A full queue drops the frame, as a network may.
        _ = around.links.send(PeerCodec.encode(message), to: peer)
    }

    /// Sees to it that the node is woken when it wants to be.
    private func arm() {
        guard let wake = node.nextWake else { return }
        if let timer, timer.at <= wake { return }
        timer?.task.cancel()
        let delay = wake.elapsed(since: around.clock.now().monotonic)
        let task = loop.scheduleTask(in: .microseconds(Int64(clamping: delay.microseconds))) {
            self.timer = nil
            self.step(.wake)
        }
        timer = (wake, task)
    }

    private func log(_ status: RaftNode.RoleStatus) {
        around.logger.info(
            "role changed",
            metadata: [
                "role": "\(status.role)",
                "term": "\(status.term.number)",
                "leader": "\(status.leader.map(\.description) ?? "none")",
            ]
        )
    }

    private func log(_ note: Note) {
        var metadata = Logger.Metadata()
        for field in note.fields { metadata[field.name] = "\(field.value)" }
        around.logger.log(level: Self.level(of: note), "\(note.message)", metadata: metadata)
    }

    private static func level(of note: Note) -> Logger.Level {
        switch note.level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
