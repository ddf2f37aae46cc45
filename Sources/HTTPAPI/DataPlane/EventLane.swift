internal import Glibc
internal import Kernel
internal import Keys
internal import NIOCore
internal import NIOSSL
internal import Service

/// What the connections of one event loop share: the responder's state, the batch under way, the deadlines.
///
/// A batch is the answers of one turn of the loop. They are held until `commit` has recorded them, with one write for
/// all, and leave together.
final class EventLane<Responder: DataPlaneResponder> {
    let eventLoop: any EventLoop
    let responder: Responder
    let limits: DataPlaneLimits
    let counters: DataPlaneCounters
    private let verifier: PeerVerifier?
    var state: Responder.Lane
    var head: ResponseHead
    /// Used for one answer at a time.
    var response = DataPlaneResponse()

    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: DataPlaneConnection<Responder>] = [:]
    private var waiting: [DataPlaneConnection<Responder>] = []
    private var waitingAnswers = 0
    private var isCommitScheduled = false
    private var behind: [Behind] = []
    private var isLookScheduled = false
    private var drained: EventLoopPromise<Void>?

    /// A request for a state that is not there yet; a connection has at most one.
    private struct Behind {
        let connection: DataPlaneConnection<Responder>
        let revision: LogIndex
        let deadline: NIODeadline
    }

    /// How many answers a batch holds at most.
    static var batchLimit: Int { 64 }

    /// How soon a request learns that its revision is there. Looking costs a load from memory, and only while one waits; that
    /// publishers of states told their readers would cost each publisher.
    static var lookInterval: TimeAmount { .milliseconds(1) }

    init(
        responder: Responder,
        limits: DataPlaneLimits,
        counters: DataPlaneCounters,
        verifier: PeerVerifier?,
        eventLoop: any EventLoop
    ) {
        self.responder = responder
        self.limits = limits
        self.counters = counters
        self.verifier = verifier
        self.eventLoop = eventLoop
        self.state = responder.makeLane()
        self.head = ResponseHead(date: UTCTime(Self.wallTime()).httpDate)
    }

    /// Notes that the connection holds one more answer, after which `release` will be called on it.
    func hold(_ connection: DataPlaneConnection<Responder>, isFirst: Bool) {
        if isFirst { waiting.append(connection) }
        waitingAnswers += 1
        if waitingAnswers >= Self.batchLimit {
            commit()
        } else if !isCommitScheduled {
            isCommitScheduled = true
            // Runs after the reads of this turn.
            eventLoop.assumeIsolated().execute { [self] in
                isCommitScheduled = false
                commit()
            }
        }
    }

    private func commit() {
        guard !waiting.isEmpty else { return }
        let isRecorded = responder.commit(&state)
        let batch = waiting
        waiting.removeAll(keepingCapacity: true)
        waitingAnswers = 0
        for connection in batch { connection.release(isRecorded: isRecorded) }
    }

    /// Notes that the connection's request wants this revision, after which `resume` will be called on it.
    func wait(for revision: LogIndex, _ connection: DataPlaneConnection<Responder>) {
        let deadline = eventLoop.now + limits.revisionTimeout
        behind.append(Behind(connection: connection, revision: revision, deadline: deadline))
        scheduleLook()
    }

    private func scheduleLook() {
        guard !isLookScheduled, !behind.isEmpty else { return }
        isLookScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) { [self] in
            isLookScheduled = false
            resumeConnections()
            scheduleLook()
        }
    }

    private func resumeConnections() {
        let (revision, now) = (responder.revision, eventLoop.now)
        let isOver = { (wait: Behind) in wait.revision <= revision || wait.deadline <= now }
        let over = behind.filter(isOver)
        guard !over.isEmpty else { return }
        behind.removeAll(where: isOver)
        for wait in over { wait.connection.resume() }
    }

    func identify(_ certificate: NIOSSLCertificate?) -> PeerIdentity {
        guard let verifier else { return .none }
        return PeerIdentity(certificate: certificate, verifier: verifier, at: Self.wallTime())
    }

    func add(_ connection: DataPlaneConnection<Responder>) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: DataPlaneConnection<Responder>) {
        connections[ObjectIdentifier(connection)] = nil
        finishDrainIfEmpty()
    }

    /// Begins to look after the deadlines.
    func start() {
        let lane = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in lane.value.tick() }
    }

    private func tick() {
        head.date = UTCTime(Self.wallTime()).httpDate
        let now = eventLoop.now
        for connection in Array(connections.values) where connection.deadline <= now { connection.expire() }
    }

    /// Ends idle connections now, and each other one after the answers that it is owed.
    func drain(_ promise: EventLoopPromise<Void>) {
        isDraining = true
        drained = promise
        for connection in Array(connections.values) { connection.drain() }
        finishDrainIfEmpty()
    }

    func closeAll() {
        for connection in Array(connections.values) { connection.close() }
    }

    private func finishDrainIfEmpty() {
        guard connections.isEmpty, let promise = drained else { return }
        drained = nil
        promise.succeed()
    }

    private static func wallTime() -> WallTime {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: UInt64(max(0, time.tv_sec)) &* 1000 &+ UInt64(time.tv_nsec) / 1_000_000)
    }
}
