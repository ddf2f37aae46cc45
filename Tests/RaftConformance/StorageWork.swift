import Kernel

@testable import Consensus

/// What travels in etcd's harness: a message of a member's, or the answer of one of its storage threads.
struct Letter {
    let to: MemberID
    let lines: [String]
    var message: Message?
    /// What the receiver's core is told.
    var inputs: [RaftNode.Input] = []
    /// The receiver's state machine is told to have applied that much.
    var applied: LogIndex?
}

extension Letter {
    init(_ message: Message) {
        to = message.to
        lines = EtcdText.message(message)
        self.message = message
    }
}

/// Work for a storage thread, in etcd's words a message to it with the answers that it gives when it is done.
struct StorageWork {
    let lines: [String]
    let answers: [Letter]
    /// What the core is told when it is done, by answers or without one.
    let inputs: [RaftNode.Input]
    /// Told when the thread is done, since no answer tells it.
    let silentInputs: [RaftNode.Input]

    /// With its answers, as it stands in a `Ready`.
    var letter: Letter {
        let nobody = MemberID(high: 0, low: 0)
        guard !answers.isEmpty else { return Letter(to: nobody, lines: lines) }
        let listed = answers.flatMap(\.lines).map { "  " + $0 }
        return Letter(to: nobody, lines: EtcdText.appending(" Responses:[", to: lines) + listed + ["]"])
    }

    /// As the thread tells it.
    var processing: [String] { ["Processing:"] + lines + ["Responses:"] + answers.flatMap(\.lines) }
}

extension Message {
    /// What etcd sends only once its writes are done.
    var isAnswer: Bool {
        switch body {
        case .appendAccepted, .appendRejected, .voteResponse, .preVoteResponse, .heartbeatAcknowledged(round: 0): true
        default: false
        }
    }
}

extension TraceNode {
    /// Nil when there is nothing to write, and nothing that would wait for it.
    func appendWork(_ entries: [Entry], _ answers: [Letter]) -> StorageWork? {
        let isNews = state != toldState
        guard isNews || !entries.isEmpty || installed != nil || !writes.isEmpty || !answers.isEmpty else { return nil }
        var line = "\(raft.id.high)->AppendThread MsgStorageAppend Term:\(isNews ? state.term.number : 0) Log:0/0"
        if isNews {
            line += " Commit:\(state.commitIndex.number)" + (state.vote.map { " Vote:\(EtcdText.id($0))" } ?? "")
        }
        let own = writes.compactMap(ownAnswer)
        return StorageWork(
            lines: EtcdText.with(entries, [line]),
            answers: own + answers + [stabilityAnswer].compactMap(\.self),
            inputs: writes.map(Self.persisted),
            silentInputs: writes.filter { $0.entries.isEmpty && ownAnswer($0) == nil }.map(Self.persisted)
        )
    }

    private static func persisted(_ write: LogWrite) -> RaftNode.Input {
        .persisted(write.id, last: write.entries.last?.position ?? .zero)
    }

    /// A leader's acceptance of its own entries, which counts for nothing here, and a candidate's own vote.
    private func ownAnswer(_ write: LogWrite) -> Letter? {
        let head = "\(raft.id.high)->\(raft.id.high)"
        let term = "Term:\(raft.term.number)"
        if raft.role == .leader, let last = write.entries.last {
            return Letter(to: raft.id, lines: ["\(head) MsgAppResp \(term) Log:0/\(last.index.number)"])
        }
        guard raft.role == .candidate, write.entries.isEmpty else { return nil }
        return Letter(to: raft.id, lines: ["\(head) MsgVoteResp \(term) Log:0/0"], inputs: [Self.persisted(write)])
    }

    /// Tells which entries are durable.
    private var stabilityAnswer: Letter? {
        guard raft.lastPosition.index > raft.durableIndex else { return nil }
        let log = EtcdText.position(raft.lastPosition)
        let line = "AppendThread->\(raft.id.high) MsgStorageAppendResp Term:\(raft.term.number) Log:\(log)"
        return Letter(to: raft.id, lines: [line], inputs: writes.filter { !$0.entries.isEmpty }.map(Self.persisted))
    }

    func applyWork(_ entries: [Entry]) -> StorageWork {
        let id = raft.id.high
        func lines(_ head: String) -> [String] { EtcdText.with(entries, ["\(head) Term:0 Log:0/0"]) }
        let answer = Letter(
            to: raft.id,
            lines: lines("ApplyThread->\(id) MsgStorageApplyResp"),
            applied: entries.last?.index
        )
        return StorageWork(
            lines: lines("\(id)->ApplyThread MsgStorageApply"),
            answers: [answer],
            inputs: [],
            silentInputs: []
        )
    }

    /// - Returns: What the thread tells, and its answers.
    mutating func process(_ thread: WritableKeyPath<TraceNode, [StorageWork]>) -> (lines: [String], answers: [Letter]) {
        guard !self[keyPath: thread].isEmpty else { return (["no work to perform"], []) }
        let work = self[keyPath: thread].removeFirst()
        receive(Letter(to: raft.id, lines: [], inputs: work.silentInputs))
        return (work.processing, work.answers)
    }
}
