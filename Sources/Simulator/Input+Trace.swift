internal import Consensus
internal import Directory
internal import Kernel
package import Replica
internal import Sealing

extension TraceHash {
    /// Kind and content. Digests and identities of what was hashed before stand for the whole.
    package mutating func combine(_ input: ReplicaNode.Input) {
        switch input {
        case .wake: combine(1)
        case .receive(let message, let sender):
            combine(2)
            combine(sender)
            combine(message)
        case .submit(let submissions):
            combine(3)
            for submission in submissions {
                combine(submission.id.number)
                combine(submission.command)
                combine(submission.change == nil)
                combine(submission.deadline)
            }
        case .awaitRevision(let id, let revision, let deadline):
            combine(4)
            combine(id.number)
            combine(revision)
            combine(deadline)
        case .persisted(let id, let last):
            combine(5)
            combine(id.number)
            combine(last)
        case .applied(let batch):
            combine(6)
            combine(batch.point.position)
            combine(batch.facts.stateRoot)
            combine(batch.outcomes.count)
            combine(batch.events.count)
            combine(batch.refusedChanges.count)
            combine(batch.halt ?? "")
        case .entriesRead(let peer, let previous, let entries):
            combine(7)
            combine(peer)
            combine(previous ?? .zero)
            combine(entries)
        case .snapshotRead(let peer, let chunk):
            combine(8)
            combine(peer)
            if let chunk { combine(chunk) }
        case .snapshotStaged(let position, let nextChunk):
            combine(9)
            combine(position)
            combine(nextChunk)
        case .snapshotInstalled(let point, let facts):
            combine(10)
            combine(point.position)
            combine(facts.stateRoot)
        case .compacted(let firstIndex):
            combine(11)
            combine(firstIndex)
        case .storage(let isFull):
            combine(12)
            combine(isFull)
        case .shutDown: combine(13)
        case .transferLeadership(let id, let target, let deadline):
            combine(17)
            combine(id.number)
            if let target { combine(target) }
            combine(deadline)
        case .logDamaged(let damage):
            combine(14)
            for run in damage {
                combine(run.first)
                combine(run.last)
            }
        case .logRepaired(let isDone):
            combine(15)
            combine(isDone)
        case .readForRepair(let peer, let first, let last, let entries):
            combine(16)
            combine(peer)
            combine(first)
            combine(last)
            combine(entries)
        case .awaitCurrent(let id, let deadline):
            combine(19)
            combine(id.number)
            combine(deadline)
        case .linkClosed(let peer):
            combine(18)
            combine(peer)
        case .make(let id, let signed, let deadline):
            combine(20)
            combine(id.number)
            combine(signed.id)
            combine(deadline)
        case .judged(let judgements):
            combine(21)
            for (signed, judgement) in judgements {
                combine(signed.id)
                combine(judgement)
            }
        case .enforced(let ids):
            combine(22)
            for id in ids { combine(id) }
        case .sealMarkKept(let mark):
            combine(23)
            combine(mark.statement.id)
        case .sealSigned(let statement, let signature):
            combine(24)
            combine(statement.id)
            combine(signature ?? [])
        case .link(let peer, let isOpen):
            combine(25)
            combine(peer)
            combine(isOpen)
        case .unreadableGossip(let byteCount, let sender):
            combine(26)
            combine(byteCount)
            combine(sender)
        case .logRead(let peer, let index, let entries):
            combine(27)
            combine(peer)
            combine(index)
            combine(entries)
        case .sealedSnapshotRead(let peer, let chunk, let byteCount):
            combine(28)
            combine(peer)
            if let chunk { combine(chunk) }
            combine(byteCount)
        case .snapshotChecked(let point, let facts):
            combine(29)
            combine(point.position)
            if let facts { combine(facts.stateRoot) }
        case .logSize(let isLarge):
            combine(30)
            combine(isLarge)
        }
    }

    private mutating func combine(_ judgement: StatementJudgement) {
        switch judgement {
        case .acceptable: combine(1)
        case .disputed(let refusal):
            combine(2)
            combine(refusal.rawValue)
        case .unacceptable(let refusal):
            combine(3)
            combine(refusal.rawValue)
        case .recorded(let index):
            combine(4)
            combine(index)
        case .refused(let refusal):
            combine(5)
            combine(refusal.rawValue)
        }
    }

    /// Which effects, in which order; what they hold shows in the inputs that follow from them.
    package mutating func combine(_ effects: [ReplicaNode.Effect]) {
        combine(effects.count)
        for effect in effects { combine(effect.kind) }
    }

    private mutating func combine(_ message: PeerMessage) {
        combine(message.stamp)
        switch message.body {
        case .raft(let message, let proof):
            combine(1)
            combine(message)
            if let proof {
                combine(proof.provenAt)
                combine(proof.age)
                combine(proof.commitIndex)
            }
        case .forward(let id, let command):
            combine(2)
            combine(id.number)
            combine(command)
        case .forwardRefused(let id, let refusal):
            combine(3)
            combine(id.number)
            switch refusal {
            case .notLeader: combine(1)
            case .entryTooLarge(let byteCount, _): combine(byteCount)
            case .overloaded: combine(2)
            case .storageFull: combine(3)
            case .notYet: combine(4)
            case .notCaughtUp(let missing):
                combine(5)
                combine(missing)
            case .invalidChange(let reason): combine(reason)
            }
        case .entriesWanted(let first, let last):
            combine(4)
            combine(first)
            combine(last)
        case .entriesFound(let first, let last, let entries):
            combine(5)
            combine(first)
            combine(last)
            combine(entries)
        case .votersWanted: combine(6)
        case .voters(let introductions):
            combine(7)
            for introduction in introductions {
                combine(introduction.spec.id)
                combine(introduction.instance ?? .zero)
            }
        case .statements(let statements):
            combine(8)
            for signed in statements {
                combine(signed.id)
                combine(signed.signature)
            }
        case .statementsHeld(let holdings):
            combine(9)
            for holding in holdings {
                combine(holding.statement)
                combine(holding.since?.milliseconds ?? 0)
                for other in holding.others {
                    combine(other.member)
                    combine(other.since.milliseconds)
                }
            }
        case .sealWanted(let statement):
            combine(10)
            combine(statement.id)
        case .sealAnswered(let answer):
            combine(11)
            combine(answer.id)
            if case .signed(let signature) = answer.word { combine(signature) }
        case .sealed(let seal):
            combine(12)
            combine(seal)
        case .sealedByOthers(let transition):
            combine(13)
            combine(transition.seal)
            combine(transition.voters.digest)
        case .gossip(let message):
            combine(14)
            combine(message)
        case .successionWanted(let voters, let time):
            combine(15)
            combine(voters)
            combine(time)
        case .succession(let steps):
            combine(16)
            for step in steps { combine(step.seal) }
        }
    }

    private mutating func combine(_ seal: Seal) {
        combine(seal.statement.id)
        for signature in seal.signatures {
            combine(signature.member)
            combine(signature.bytes)
        }
    }

    private mutating func combine(_ message: Message) {
        combine(message.from)
        combine(message.to)
        combine(message.term)
        switch message.body {
        case .preVoteRequest(let last):
            combine(1)
            combine(last)
        case .preVoteResponse(let granted):
            combine(2)
            combine(granted)
        case .voteRequest(let last, let isTransfer):
            combine(3)
            combine(last)
            combine(isTransfer)
        case .voteResponse(let granted):
            combine(4)
            combine(granted)
        case .append(let append):
            combine(5)
            combine(append.previous)
            combine(append.commitIndex)
            combine(append.entries)
        case .appendAccepted(let matchIndex):
            combine(6)
            combine(matchIndex)
        case .appendRejected(let previous, let hint):
            combine(7)
            combine(previous)
            combine(hint)
        case .heartbeat(let commitIndex, let round):
            combine(8)
            combine(commitIndex)
            combine(round)
        case .heartbeatAcknowledged(let round):
            combine(9)
            combine(round)
        case .snapshot(let chunk):
            combine(10)
            combine(chunk)
        case .snapshotAcknowledged(let position, let nextChunk):
            combine(11)
            combine(position)
            combine(nextChunk)
        case .timeoutNow: combine(12)
        case .readIndexRequest(let context):
            combine(13)
            combine(context)
        case .readIndexResponse(let context, let index):
            combine(14)
            combine(context)
            combine(index ?? .zero)
            combine(index == nil)
        }
    }

    private mutating func combine(_ entries: [Entry]) {
        combine(entries.count)
        for entry in entries {
            combine(entry.position)
            combine(entry.time)
            combine(entry.previousHash)
            switch entry.payload {
            case .empty: break
            case .command(let bytes): combine(bytes)
            case .configuration(let change, let command):
                combine(change)
                combine(command)
            }
        }
    }

    private mutating func combine(_ chunk: Message.SnapshotChunk) {
        combine(chunk.point.position)
        combine(chunk.number)
        combine(chunk.isLast)
        combine(chunk.digest)
    }
}

extension ReplicaNode.Effect {
    fileprivate var kind: UInt64 {
        switch self {
        case .persist: 1
        case .send: 2
        case .apply: 3
        case .reply: 4
        case .readEntries: 5
        case .readSnapshot: 6
        case .stageSnapshot: 7
        case .installSnapshot: 8
        case .compact: 9
        case .publish: 10
        case .serving: 11
        case .roleChanged: 12
        case .readyToStop: 13
        case .note: 14
        case .configurationChanged: 18
        case .repairLog: 15
        case .readForRepair: 16
        case .forgetLostTail: 17
        case .introduce: 19
        case .introduced: 20
        case .judge: 21
        case .enforce: 22
        case .release: 23
        case .keepSealMark: 24
        case .signSeal: 25
        case .keepSealMemory: 26
        case .neighbours: 27
        case .readLog: 28
        case .readSealedSnapshot: 29
        case .closeSealedSnapshot: 30
        case .checkSnapshot: 31
        }
    }
}

extension ReplicaNode.Input {
    /// One line for people.
    package var summary: String {
        switch self {
        case .wake: "wake"
        case .receive(let message, let sender): "receives from \(sender): \(message.body.summary)"
        case .submit(let submissions): "client submits \(submissions.map(\.id.number))"
        case .awaitRevision(let id, let revision, _): "client \(id.number) awaits \(revision)"
        case .awaitCurrent(let id, _): "client \(id.number) awaits what is current"
        case .link(let peer, let isOpen): "link to \(peer) is \(isOpen ? "open" : "closed")"
        case .unreadableGossip(let byteCount, let sender): "\(byteCount) bytes of gossip from \(sender) do not decode"
        case .logRead(let peer, let index, let entries): "read for \(peer): \(entries.count) entries after \(index)"
        case .linkClosed(let peer): "link to \(peer) closed by its side"
        case .make(let id, let signed, _): "revoker \(id.number) brings \(signed.summary)"
        case .judged(let judgements): "statements judged: \(judgements.map { "\($0.id) \($1)" })"
        case .enforced(let ids): "statements \(ids) are durable and in force"
        case .sealMarkKept(let mark): "the mark of seal \(mark.statement) is durable"
        case .sealSigned(let statement, let signature):
            signature == nil ? "seal \(statement) cannot be signed" : "signs seal \(statement)"
        case .persisted(let id, let last): "write \(id.number) is durable, log ends at \(last)"
        case .applied(let batch): "applied through \(batch.point.position)\(batch.halt.map { ", halts: \($0)" } ?? "")"
        case .entriesRead(let peer, let previous, let entries):
            "read for \(peer): \(entries.count) entries after \(previous.map { "\($0)" } ?? "nothing")"
        case .snapshotRead(let peer, let chunk): "read for \(peer): \(chunk?.summary ?? "no snapshot")"
        case .sealedSnapshotRead(let peer, let chunk, _): "read for \(peer): \(chunk?.summary ?? "no state")"
        case .snapshotChecked(let point, let facts):
            "the state of \(point.position) that came is \(facts.map { "one of root \($0.stateRoot)" } ?? "none")"
        case .snapshotStaged(let position, let nextChunk): "staged \(position) below chunk \(nextChunk)"
        case .snapshotInstalled(let point, _): "installed the snapshot of \(point.position)"
        case .compacted(let firstIndex): "log begins at \(firstIndex)"
        case .storage(let isFull): isFull ? "log store is full" : "log store has room"
        case .logSize(let isLarge): isLarge ? "log is large" : "log is not large any more"
        case .shutDown: "is asked to stop"
        case .transferLeadership(_, let target, _):
            "is asked to hand over to \(target.map(\.description) ?? "anybody")"
        case .logDamaged(let damage): "log is damaged: \(damage.map { "\($0.first)...\($0.last)" })"
        case .logRepaired(let isDone): isDone ? "log is repaired" : "repair does not fit the log"
        case .readForRepair(let peer, let first, let last, let entries):
            "read for the repair of \(peer): \(entries.count) of \(first)...\(last)"
        }
    }
}

extension ReplicaNode.Reply {
    /// One line for people.
    var summary: String {
        switch self {
        case .applied(.done(let done)): "done at \(done.revision)"
        case .applied(.refused(let refusal)): "refused when applied: \(refusal.code.rawValue)"
        case .reached(let revision): "reads at \(revision)"
        case .refused(let refusal): "refused: \(refusal)"
        case .handedOver(let member): "handed over to \(member)"
        case .inForce(let id): "statement \(id) is in force"
        case .statementRecorded(let id, let index): "statement \(id) is recorded at \(index)"
        case .statementRefused(let refusal): "the statement is refused: \(refusal)"
        case .outcomeUnknown: "nobody knows whether it took effect"
        }
    }
}

extension PeerMessage.Body {
    /// One line for people.
    var summary: String {
        switch self {
        case .raft(let message, let proof):
            "\(message.term) \(message.body.summary)\(proof.map { " proven at \($0.provenAt)" } ?? "")"
        case .forward(let id, _): "forward \(id.number)"
        case .forwardRefused(let id, let refusal): "forward \(id.number) refused: \(refusal)"
        case .entriesWanted(let first, let last): "entries \(first)...\(last) wanted for repair"
        case .entriesFound(let first, let last, let entries): "\(entries.count) of \(first)...\(last) for repair"
        case .votersWanted: "asks who the voters are"
        case .voters(let introductions): "introduces \(introductions.map(\.spec.name))"
        case .statements(let statements): "statements \(statements.map(\.summary))"
        case .statementsHeld(let holdings):
            "has statements \(holdings.map { "\($0.statement)\($0.others.isEmpty ? "" : ", as \($0.others.count) others")" })"
        case .sealWanted(let statement): "asks to sign seal \(statement)"
        case .sealAnswered(let answer): answer.summary
        case .sealed(let seal): "seal \(seal.statement)"
        case .gossip(let message): message.summary
        case .successionWanted(let voters, let time): "asks how voters came from \(voters) since \(time)"
        case .succession(let steps): "\(steps.count) transitions of voters"
        case .sealedByOthers(let transition): "seal \(transition.statement) by \(transition.voters)"
        }
    }
}

extension SealAnswer {
    fileprivate var summary: String {
        switch word {
        case .signed: "has signed the seal"
        case .refused(let reason): "does not sign the seal: \(reason)"
        }
    }
}

extension SignedStatement {
    fileprivate var summary: String { "\(id): \(statement.kind.rawValue) \(statement.subject)" }
}

extension Message.Body {
    fileprivate var summary: String {
        switch self {
        case .append(let append):
            "append \(append.entries.map(\.position)) after \(append.previous), committed \(append.commitIndex)"
                + (append.entries.last.map { ", dated \($0.time)" } ?? "")
        case .snapshot(let chunk): chunk.summary
        default: "\(self)"
        }
    }
}

extension Message.SnapshotChunk {
    fileprivate var summary: String { "chunk \(number) of \(point.position)\(isLast ? ", the last" : "")" }
}
