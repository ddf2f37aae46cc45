package import Consensus
package import Decision
package import Directory
package import Kernel
package import Replica
package import Sealing

/// One computer: disks and clocks that outlive a process, and the process, if one runs.
package struct Machine: Sendable {
    package var clock: VirtualClock
    private var logStorage: CopyOnWrite<VirtualLogDisk>
    private var stateStorage: CopyOnWrite<VirtualStateStore>
    /// Nil while the machine is down.
    package var process: Process?
    /// Counts processes. What was under way for an earlier one is void.
    package var generation: UInt64 = 0
    /// How many times as long as usual a write takes.
    package var diskSlowness: UInt64 = 1
    /// Whether writes to the log do not end.
    package var isDiskHung = false
    /// Whether one would have ended meanwhile.
    package var hasHungWrite = false
    /// Until when there is no room on it; nil while there is.
    package var fullUntil: Instant?
    /// Set while the next write to the log is to fail: for how long the machine is down then.
    package var failingWrite: FailingWrite?
    /// Set while the operating system does not let the process run.
    package var pause: Pause?
    /// A crash that waits for the next write to the log.
    package var armedCrash: ArmedCrash?
    /// Names what is on its disks: others after they were wiped.
    package var instance: Digest
    /// How many times the disks were wiped under a member.
    package var losses = 0
    /// What the program that is installed can apply: the next process runs it.
    package var program = FeatureLevel.supported
    /// The members as they were when its node was made.
    package var invitedBy: [MemberID]
    /// What voters have said of who votes, as its node keeps it on the disk.
    package var words: [VotersWord] = []
    /// In force beside its state, as its disk holds them.
    package var statements = StatementSet()
    /// What its member has signed last, and what it knows of seals, as its disk holds them.
    package var sealMark: SealMark?
    package var sealMemory = SealMemory()

    package struct ArmedCrash: Sendable {
        package let crash: Crash
        package let downFor: Span
        /// Of the fault that armed it.
        let fault: Int?
    }

    package struct FailingWrite: Sendable {
        package let downFor: Span
        /// Of the fault that armed it.
        let fault: Int?
    }

    package struct Pause: Sendable {
        package internal(set) var end: Instant
        /// What the process is given then, in the order in which it came.
        var queued: [WorldEvent] = []
        /// As many as links hold; what comes on top is lost.
        static let limit = 10_000
    }

    package init(
        clock: VirtualClock,
        log: VirtualLogDisk,
        state: VirtualStateStore,
        instance: Digest,
        invitedBy: [MemberID]
    ) {
        self.clock = clock
        logStorage = CopyOnWrite(log)
        stateStorage = CopyOnWrite(state)
        self.instance = instance
        self.invitedBy = invitedBy
    }

    package var log: VirtualLogDisk {
        _read { yield logStorage.value }
        _modify { yield &logStorage.value }
    }

    package var state: VirtualStateStore {
        _read { yield stateStorage.value }
        _modify { yield &stateStorage.value }
    }

    package var isUp: Bool { process != nil }

    /// With all that waits for it.
    mutating func endProcess() {
        process = nil
        armedCrash = nil
        failingWrite = nil
        pause = nil
    }
}

/// What is asked after each step of a node.
extension Machine {
    struct Progress {
        /// Nil for a node that does not lead.
        let leadsIn: Term?
        let applied: LogIndex
        let committed: LogIndex
    }

    /// Nil for a machine that is down.
    var progress: Progress? { process?.progress }
    /// By the node's own clock.
    var nextWake: Instant? { process?.nextWake }
    var wakeAt: Instant? { process?.wakeAt }
}

extension Process {
    fileprivate var progress: Machine.Progress {
        Machine.Progress(
            leadsIn: self.replica.role == .leader ? self.replica.term : nil,
            applied: self.replica.applied.position.index,
            committed: self.replica.commitIndex
        )
    }
}

/// A process, as one reference that becomes two when one of two copies changes: whoever asks for one of its parts copies none
/// of the others.
@dynamicMemberLookup
package struct Process: Sendable {
    private var storage: CopyOnWrite<ProcessMemory>

    package init(_ memory: ProcessMemory) { storage = CopyOnWrite(memory) }

    package subscript<Part>(dynamicMember part: KeyPath<ProcessMemory, Part>) -> Part {
        _read { yield storage.value[keyPath: part] }
    }

    package subscript<Part>(dynamicMember part: WritableKeyPath<ProcessMemory, Part>) -> Part {
        _read { yield storage.value[keyPath: part] }
        _modify { yield &storage.value[keyPath: part] }
    }
}

/// What a process holds in memory: the node and what its shell needs to carry out effects.
package struct ProcessMemory: Sendable {
    package private(set) var replica: ReplicaNode
    /// When the node wants to be woken, by its own clock. As of its last step, since nothing else changes it.
    fileprivate private(set) var nextWake: Instant?
    package var applier: Applier
    package var decisions: DecisionSnapshot
    /// Whom its links let in.
    package var admission: PeerAdmission
    /// Whom they dial.
    package var dialled: Set<MemberID>
    /// In the overlay of gossip.
    package var neighbours: [MemberID] = []
    /// Links that the node was told are open, by machine.
    package var links: [Int: Link] = [:]
    package var freshness: Freshness?
    package var isServing: Bool
    /// Whether the node was told that there is no room.
    package var isToldFull = false
    /// In force beside the state.
    package var statements: StatementSet
    package var rollouts = RolloutDriver()
    package var rolloutNews = RolloutNews()
    /// Whose write hangs with the disk.
    package var hungStatements: [SignedStatement] = []
    /// Set while the process stops gracefully: for how long it is to stay down.
    package var stoppingFor: Span?

    /// Messages that wait for a write.
    package var held: [HeldMessage] = []
    package var durable: LogWrite.ID?
    /// Entries handed to the state machine, until they are applied.
    package var applying: [Entry] = []
    package var outgoing: [Int: OutgoingSnapshot] = [:]
    package var incoming = IncomingSnapshot()
    /// When the earliest scheduled wake happens, in true time.
    package var wakeAt: Instant?
    package var requests: [RequestID: ClientRequest] = [:]
    package var nextRequest: UInt64 = 0

    package struct Link: Hashable, Sendable {
        package let member: MemberID
        /// Of the machine at the other end.
        package let process: UInt64
    }

    package struct HeldMessage: Sendable {
        package let message: PeerMessage
        package let to: Int
        package let after: LogWrite.ID
    }

    /// Who waits for a reply.
    package struct ClientRequest: Sendable {
        /// Nil for what the node wants itself.
        package let operation: Int?
        package let attempt: Int
    }

    package init(
        replica: ReplicaNode,
        applier: Applier,
        decisions: DecisionSnapshot,
        admission: PeerAdmission,
        dialled: Set<MemberID>,
        isServing: Bool,
        statements: StatementSet
    ) {
        self.replica = replica
        self.nextWake = replica.nextWake
        self.applier = applier
        self.decisions = decisions
        self.admission = admission
        self.dialled = dialled
        self.isServing = isServing
        self.statements = statements
    }
}

extension ProcessMemory {
    fileprivate mutating func step(_ input: ReplicaNode.Input, at now: Moment) -> [ReplicaNode.Effect] {
        let effects = replica.step(input, at: now)
        nextWake = replica.nextWake
        return effects
    }
}

extension Process {
    mutating func step(_ input: ReplicaNode.Input, at now: Moment) -> [ReplicaNode.Effect] {
        storage.value.step(input, at: now)
    }

    package mutating func request(for operation: Int?, attempt: Int) -> RequestID {
        self.nextRequest += 1
        let id = RequestID(self.nextRequest)
        self.requests[id] = ProcessMemory.ClientRequest(operation: operation, attempt: attempt)
        return id
    }

    /// Takes the messages that no longer wait, in the order in which they were held.
    package mutating func release(through write: LogWrite.ID) -> [ProcessMemory.HeldMessage] {
        self.durable = max(self.durable ?? write, write)
        guard self.held.contains(where: { $0.after <= write }) else { return [] }
        let released = self.held.filter { $0.after <= write }
        self.held.removeAll { $0.after <= write }
        return released
    }
}
