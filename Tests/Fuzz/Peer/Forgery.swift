import Consensus
import Directory
import Kernel
import Replica

/// A message of which single values are changed, so that it remains one that a peer could send.
struct Forgery {
    private(set) var message: PeerMessage

    init(_ message: PeerMessage) { self.message = message }

    /// As if it had just been sent to that node.
    mutating func readdress(to node: ReplicaNode, from sender: MemberID) {
        guard case .raft(let raft, let proof) = message.body else { return }
        let addressed = raft.changed(from: sender, to: node.member, term: node.term)
        message = PeerMessage(stamp: message.stamp, body: .raft(addressed, proof: proof))
    }

    /// What it says of the log begins where that node's log ends.
    mutating func attach(to end: LogEnd) {
        guard case .raft(let raft, let proof) = message.body else { return }
        let body: Message.Body
        switch raft.body {
        case .append(let append):
            let entries = append.entries.chained(to: end)
            body = .append(.init(previous: end.position, entries: entries, commitIndex: append.commitIndex))
        case .snapshot(let chunk): body = .snapshot(chunk.changed(to: end))
        default: return
        }
        message = PeerMessage(stamp: message.stamp, body: .raft(raft.changed(body: body), proof: proof))
    }

    mutating func edit(by script: inout Script) {
        let field = script.byte()
        if field % 16 == 0 {
            let stamp = WallTime(milliseconds: script.number(near: message.stamp.milliseconds))
            message = PeerMessage(stamp: stamp, body: message.body)
        } else {
            message = PeerMessage(stamp: message.stamp, body: edited(message.body, field, &script))
        }
    }

    private func edited(_ body: PeerMessage.Body, _ field: UInt8, _ script: inout Script) -> PeerMessage.Body {
        switch body {
        case .raft(let raft, let proof):
            if field % 16 == 1 { return .raft(raft, proof: script.proof(near: proof)) }
            return .raft(raft.edited(field, &script), proof: proof)
        case .forward(let id, var command):
            if field & 1 == 0 { return .forward(RequestID(script.number(near: id.number)), command: command) }
            command.patch(by: &script)
            return .forward(id, command: command)
        case .forwardRefused(let id, let refusal):
            if field & 1 == 0 { return .forwardRefused(RequestID(script.number(near: id.number)), refusal) }
            return .forwardRefused(id, script.refusal())
        case .entriesWanted(let first, let last):
            return field & 1 == 0
                ? .entriesWanted(first: script.index(near: first), last: last)
                : .entriesWanted(first: first, last: script.index(near: last))
        case .entriesFound(let first, let last, let entries):
            switch field % 4 {
            case 0: return .entriesFound(first: script.index(near: first), last: last, entries: entries)
            case 1: return .entriesFound(first: first, last: script.index(near: last), entries: entries)
            default: return .entriesFound(first: first, last: last, entries: entries.edited(after: nil, by: &script))
            }
        case .votersWanted: return .votersWanted
        case .voters(var introductions):
            guard !introductions.isEmpty else { return .votersWanted }
            let place = Int(script.byte()) % introductions.count
            if field & 1 == 0 {
                introductions.remove(at: place)
            } else {
                introductions[place] = Introduction(spec: introductions[place].spec, instance: Digest.of([field]))
            }
            return .voters(introductions)
        case .statements(var statements):
            guard !statements.isEmpty else { return .statementsHeld([]) }
            let place = Int(script.byte()) % statements.count
            if field & 1 == 0 { statements.append(statements[place]) }
            statements[place] = statements[place].edited(field, &script)
            return .statements(statements)
        case .statementsHeld(var holdings):
            let others = holdings.last.map {
                [StatementHolding.Holder(member: MemberID(high: 1, low: 0), since: $0.since ?? .distantFuture)]
            }
            holdings.append(StatementHolding(.of([field]), since: nil, others: others ?? []))
            return .statementsHeld(holdings)
        case .sealWanted(let statement): return .sealWanted(statement.edited(field, &script))
        case .sealAnswered(let answer): return .sealAnswered(answer.edited(field, &script))
        case .sealed(let seal): return .sealed(seal.edited(field, &script))
        case .sealedByOthers(let transition): return .sealedByOthers(transition.edited(field, &script))
        case .gossip(let message): return .gossip(message.edited(field, &script))
        case .successionWanted(let voters, let time):
            if field & 1 == 0 { return .successionWanted(voters: .of([field]), since: time) }
            let other = WallTime(milliseconds: script.number(near: time.milliseconds))
            return .successionWanted(voters: voters, since: other)
        case .succession(var steps):
            guard !steps.isEmpty else { return .succession(steps) }
            let place = script.place(in: steps.count)
            if field & 1 == 0 { steps.append(steps[place]) }
            steps[place] = steps[place].edited(field / 2, &script)
            return .succession(steps)
        }
    }
}

extension Message {
    fileprivate func changed(
        lineage: Lineage? = nil,
        group: GroupID? = nil,
        from: MemberID? = nil,
        to: MemberID? = nil,
        term: Term? = nil,
        body: Body? = nil
    ) -> Message {
        Message(
            lineage: lineage ?? self.lineage,
            group: group ?? self.group,
            from: from ?? self.from,
            to: to ?? self.to,
            term: term ?? self.term,
            body: body ?? self.body
        )
    }

    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> Message {
        switch field % 16 {
        case 2: changed(lineage: Lineage(high: lineage.high, low: script.number(near: lineage.low)))
        case 3: changed(group: GroupID(UInt32(script.byte())))
        case 4: changed(from: script.member())
        case 5: changed(to: script.member())
        case 6, 7: changed(term: script.term(near: term))
        default: changed(body: body.edited(&script))
        }
    }
}

extension Message.Body {
    fileprivate func edited(_ script: inout Script) -> Message.Body {
        switch self {
        case .preVoteRequest(let last): .preVoteRequest(last: script.position(near: last))
        case .preVoteResponse(let granted): .preVoteResponse(granted: !granted)
        case .voteRequest(let last, _):
            .voteRequest(last: script.position(near: last), isTransfer: script.byte() & 1 == 0)
        case .voteResponse(let granted): .voteResponse(granted: !granted)
        case .append(let append): .append(append.edited(&script))
        case .appendAccepted(let index): .appendAccepted(matchIndex: script.index(near: index))
        case .appendRejected(let previous, let hint):
            .appendRejected(previous: script.index(near: previous), hint: script.position(near: hint))
        case .heartbeat(let index, let round):
            .heartbeat(commitIndex: script.index(near: index), round: script.number(near: round))
        case .heartbeatAcknowledged(let round): .heartbeatAcknowledged(round: script.number(near: round))
        case .snapshot(let chunk): .snapshot(chunk.edited(&script))
        case .snapshotAcknowledged(let position, let next):
            .snapshotAcknowledged(position: script.position(near: position), nextChunk: script.number(near: next))
        case .timeoutNow: .timeoutNow
        case .readIndexRequest(let context): .readIndexRequest(context: script.number(near: context))
        case .readIndexResponse(let context, let index):
            .readIndexResponse(context: script.number(near: context), index: index.map { script.index(near: $0) })
        }
    }
}

extension Message.Append {
    fileprivate func edited(_ script: inout Script) -> Message.Append {
        var (previous, entries, commitIndex) = (previous, entries, commitIndex)
        switch script.byte() % 4 {
        case 0: previous = script.position(near: previous)
        case 1: commitIndex = script.index(near: commitIndex)
        default: entries = entries.edited(after: previous, by: &script)
        }
        return Message.Append(previous: previous, entries: entries, commitIndex: commitIndex)
    }
}

extension Message.SnapshotChunk {
    fileprivate func changed(to end: LogEnd) -> Message.SnapshotChunk {
        let point = SnapshotPoint(
            position: end.position,
            hash: end.hash,
            time: point.time,
            configuration: point.configuration
        )
        return Message.SnapshotChunk(point: point, number: number, isLast: isLast, bytes: bytes, digest: digest)
    }

    fileprivate func edited(_ script: inout Script) -> Message.SnapshotChunk {
        var (point, number, isLast, bytes, digest) = (point, number, isLast, bytes, digest)
        switch script.byte() % 8 {
        case 0: point = point.edited(&script)
        case 1: number = script.number(near: number)
        case 2: isLast.toggle()
        case 3: bytes = Array(bytes.prefix(Int(script.byte()) * 16))
        case 4: digest = .of(script.bytes())
        case 5:
            bytes.patch(by: &script)
            digest = .of(bytes)
        case 6:
            bytes = Array(bytes.prefix(Int(script.byte()) * 16))
            digest = .of(bytes)
        default:
            bytes = []
            digest = .of(bytes)
            isLast = true
        }
        return Message.SnapshotChunk(point: point, number: number, isLast: isLast, bytes: bytes, digest: digest)
    }
}

extension SnapshotPoint {
    fileprivate func edited(_ script: inout Script) -> SnapshotPoint {
        var (position, hash, time, configuration) = (position, hash, time, configuration)
        switch script.byte() % 4 {
        case 0: position = script.position(near: position)
        case 1: hash = .of(script.bytes())
        case 2: time = WallTime(milliseconds: script.number(near: time.milliseconds))
        default: configuration = script.configuration()
        }
        return SnapshotPoint(position: position, hash: hash, time: time, configuration: configuration)
    }
}

extension [Entry] {
    /// Takes entries away, adds one, or changes one; chained anew or not.
    fileprivate func edited(after previous: LogPosition?, by script: inout Script) -> [Entry] {
        var entries = self
        let choice = script.byte()
        switch choice % 8 {
        case 0: if !entries.isEmpty { entries.removeLast() }
        case 1: if !entries.isEmpty { entries.removeFirst() }
        case 2: entries.swapAt(0, by: &script)
        case 3, 4: entries.append(script.entry(after: entries.last, at: previous))
        default:
            guard !entries.isEmpty else { break }
            let place = script.place(in: entries.count)
            entries[place] = script.entry(near: entries[place])
        }
        return choice & 0x80 == 0 ? entries.chained() : entries
    }

    private mutating func swapAt(_ first: Int, by script: inout Script) {
        if !isEmpty { swapAt(first, script.place(in: count)) }
    }

    /// As the entries that follow there.
    fileprivate func chained(to end: LogEnd) -> [Entry] {
        var end = end
        return map { entry in
            let position = LogPosition(term: Swift.max(entry.term, end.position.term), index: end.position.index.next)
            let next = Entry(position: position, time: entry.time, previousHash: end.hash, payload: entry.payload)
            end = LogEnd(next)
            return next
        }
    }

    /// Each with the hash of the one before it, as a peer that forges the log would see to.
    private func chained() -> [Entry] {
        var chained: [Entry] = []
        for entry in self {
            let hash = chained.last?.hash ?? entry.previousHash
            chained.append(
                Entry(position: entry.position, time: entry.time, previousHash: hash, payload: entry.payload)
            )
        }
        return chained
    }
}

extension [UInt8] {
    mutating func patch(by script: inout Script) {
        let place = Int(script.byte()) << 8 | Int(script.byte())
        if !isEmpty { self[place % count] = script.byte() }
    }
}

extension Script {
    mutating func index(near old: LogIndex) -> LogIndex { LogIndex(number(near: old.number)) }
    fileprivate mutating func term(near old: Term) -> Term { Term(number(near: old.number)) }

    fileprivate mutating func position(near old: LogPosition) -> LogPosition {
        LogPosition(term: term(near: old.term), index: index(near: old.index))
    }

    fileprivate mutating func proof(near old: FreshnessProof?) -> FreshnessProof? {
        guard byte() & 7 != 0 else { return nil }
        return FreshnessProof(
            provenAt: WallTime(milliseconds: number(near: old?.provenAt.milliseconds ?? 0)),
            age: Span(microseconds: number(near: old?.age.microseconds ?? 0)),
            commitIndex: index(near: old?.commitIndex ?? .zero)
        )
    }

    fileprivate mutating func refusal() -> PeerMessage.ForwardRefusal {
        switch byte() % 7 {
        case 0: .notLeader
        case 1: .notYet
        case 2: .overloaded
        case 3: .storageFull
        case 4: .notCaughtUp(missing: number(near: 0))
        case 5: .invalidChange(reason: String(decoding: bytes(), as: UTF8.self))
        default: .entryTooLarge(byteCount: Int(byte()), limit: Int(byte()))
        }
    }

    fileprivate mutating func configuration() -> Configuration {
        func members() -> [MemberID] { (0..<(byte() % 5)).map { _ in member() } }
        return Configuration(
            voters: members(),
            votersOutgoing: members(),
            learners: members(),
            learnersNext: members(),
            autoLeave: byte() & 1 == 0
        )
    }

    fileprivate mutating func entry(after last: Entry?, at previous: LogPosition?) -> Entry {
        let before = last?.position ?? previous ?? .zero
        return Entry(
            position: LogPosition(term: term(near: before.term), index: LogIndex(before.index.number &+ 1)),
            time: last?.time ?? WallTime(milliseconds: word()),
            previousHash: last?.hash ?? .zero,
            payload: payload()
        )
    }

    fileprivate mutating func entry(near old: Entry) -> Entry {
        var (position, time, hash, payload) = (old.position, old.time, old.previousHash, old.payload)
        switch byte() % 6 {
        case 0: position = self.position(near: position)
        case 1: time = WallTime(milliseconds: number(near: time.milliseconds))
        case 2: hash = .of(bytes())
        case 3:
            if case .command(var command) = payload {
                command.patch(by: &self)
                payload = .command(command)
            }
        default: payload = self.payload()
        }
        return Entry(position: position, time: time, previousHash: hash, payload: payload)
    }

    private mutating func payload() -> Entry.Payload {
        switch byte() % 4 {
        case 0: return .empty
        case 1: return .command(bytes())
        default:
            let transitions = ConfigurationChange.Transition.allCases
            let transition = transitions[place(in: transitions.count)]
            let changes = (0..<(byte() % 5)).map { _ -> ConfigurationChange.Change in
                switch byte() % 3 {
                case 0: .addVoter(member())
                case 1: .addLearner(member())
                default: .remove(member())
                }
            }
            return .configuration(ConfigurationChange(changes, transition: transition), command: bytes())
        }
    }
}

extension SignedStatement {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> SignedStatement {
        var signature = signature
        let sequence = field & 2 == 0 ? statement.sequence : UInt32(truncatingIfNeeded: script.number(near: 1))
        let changed = Statement(
            lineage: statement.lineage,
            warrant: statement.warrant,
            sequence: sequence,
            kind: field & 4 == 0 ? statement.kind : .restrict,
            subject: statement.subject,
            reason: statement.reason,
            issuedAt: WallTime(milliseconds: field & 8 == 0 ? statement.issuedAt.milliseconds : script.number(near: 0))
        )
        // The key may be in two hands.
        if field & 16 == 0 { return Scene.signed(changed) }
        signature.patch(by: &script)
        return SignedStatement(changed, signature: signature)
    }
}
