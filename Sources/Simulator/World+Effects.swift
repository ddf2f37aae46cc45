internal import Consensus
internal import Kernel
internal import Replica
internal import Wire

/// What a node asks for, carried out on virtual disks and links.
extension World {
    mutating func carryOut(_ effect: ReplicaNode.Effect, _ node: Int) throws(Violation) {
        let process = machines[node].generation
        switch effect {
        case .persist(let write): persist(write, node)
        case .send(let message, let member, let after):
            guard let to = number(of: member) else { return }
            try send(message, from: node, to: to, after: after)
        case .apply(let entries):
            try log.applies(node, entries, by: majorities(at: node))
            if membership.isForEdge(node), let last = entries.last { try edges.applies(node, through: last.index) }
            machines[node].process?.applying = entries
            queue.schedule(.entriesApplied(node: node, process: process), at: later(50...400, node, .apply))
        case .reply(let id, let reply): try replied(node, id, reply)
        case .readEntries(let peer, let from, let maxBytes):
            queue.schedule(
                .entriesRead(node: node, process: process, for: peer, from: from, maxBytes: maxBytes),
                at: later(50...500, node, .readEntries)
            )
        case .readSnapshot(let peer, let position, let number):
            queue.schedule(
                .snapshotRead(node: node, process: process, for: peer, position: position, number: number),
                at: later(100...2000, node, .readSnapshot)
            )
        case .stageSnapshot(let chunk):
            queue.schedule(
                .snapshotStaged(node: node, process: process, chunk),
                at: later(100...1000, node, .stageSnapshot)
            )
        case .readSealedSnapshot(let peer, let claim, let number, _):
            queue.schedule(
                .sealedSnapshotRead(node: node, process: process, for: peer, claim, number: number),
                at: later(100...2000, node, .readSealedSnapshot)
            )
        case .closeSealedSnapshot(let peer):
            if let other = number(of: peer) { machines[node].process?.outgoing[other] = nil }
        case .checkSnapshot(let point):
            queue.schedule(
                .snapshotChecked(node: node, process: process, point),
                at: later(500...5000, node, .checkSnapshot)
            )
        case .installSnapshot(let point):
            if membership.isForEdge(node) { try edges.applies(node, through: point.position.index) }
            queue.schedule(
                .snapshotInstalled(node: node, process: process, point),
                at: later(500...5000, node, .installSnapshot)
            )
        case .compact(let index):
            queue.schedule(
                .compacted(node: node, process: process, before: index),
                at: later(500...3000, node, .compact)
            )
        case .repairLog(let entries, let hash):
            queue.schedule(
                .logRepaired(node: node, process: process, entries, hash),
                at: later(100...1000, node, .repairLog)
            )
        case .readForRepair(let peer, let first, let last, let maxBytes):
            queue.schedule(
                .readForRepair(node: node, process: process, for: peer, first: first, last: last, maxBytes: maxBytes),
                at: later(50...500, node, .readForRepair)
            )
        case .judge(let statements, let time):
            queue.schedule(
                .statementsJudged(node: node, process: process, statements, broughtAt: time),
                at: later(50...500, node, .judgeStatements)
            )
        case .enforce(let statements):
            try beginEnforcing(node, statements)
            queue.schedule(
                .statementsKept(node: node, process: process, statements),
                at: later(100...1000, node, .keepStatements)
            )
        case .release(let ids): try releaseStatements(node, ids)
        case .neighbours(let neighbours): follow(neighbours: neighbours, of: node)
        case .readLog(let peer, let index, let maxBytes):
            queue.schedule(
                .logRead(node: node, process: process, for: peer, after: index, maxBytes: maxBytes),
                at: later(50...500, node, .readLog)
            )
        case .forgetLostTail: machines[node].log.forgetLostTail()
        case .publish(let freshness): machines[node].process?.freshness = freshness
        case .serving(let isServing):
            machines[node].process?.isServing = isServing
            if isServing { try probeRevocations(node) }
        case .roleChanged(let status):
            let leader = status.leader.flatMap(number(of:)).map { "n\($0 + 1)" } ?? "nobody"
            disturbedAt = now
            record(.role("\(status.role) in \(status.term), follows \(leader)"), node: node)
        case .configurationChanged(let configuration):
            disturbedAt = now
            record(.configuration(configuration), node: node)
            refreshAdmission(node)
        case .introduced(let words):
            machines[node].words = words
            refreshAdmission(node)
        case .introduce(let voters, let member, let stamp):
            guard let to = number(of: member) else { return }
            let body = PeerMessage.Body.voters(introductions(of: voters, by: node))
            try send(PeerMessage(stamp: stamp, body: body), from: node, to: to, after: nil)
        case .keepSealMark(let mark):
            queue.schedule(
                .sealMarkKept(node: node, process: process, mark),
                at: later(100...1000, node, .keepSealMark)
            )
        case .signSeal(let statement):
            queue.schedule(
                .sealSigned(node: node, process: process, statement),
                at: later(20...200, node, .signSeal)
            )
        case .keepSealMemory(let memory): machines[node].sealMemory = memory
        case .readyToStop: stopped(node)
        case .note(let note):
            record(.note(note), node: node)
            try secrets.check(Trace.Event.note(note).description, in: "what n\(node + 1) notes")
        }
    }

    /// A time that many microseconds ahead, more on a slow disk. Neutral is the shortest.
    private mutating func later(
        _ microseconds: ClosedRange<UInt64>,
        _ node: Int,
        _ subject: ChoiceKey.Subject
    ) -> Instant {
        later(microseconds, tail: .zero, node, subject)
    }

    /// - Parameter tail: Mean of what comes on top, on a disk in order.
    private mutating func later(
        _ microseconds: ClosedRange<UInt64>,
        tail: Span,
        _ node: Int,
        _ subject: ChoiceKey.Subject
    ) -> Instant {
        let slowness = machines[node].diskSlowness
        let span = choices.countedSpan(
            ChoiceKey(.disk, subject, node: node, process: machines[node].generation),
            neutral: Span(microseconds: microseconds.lowerBound * slowness),
            at: now
        ) { streams in
            let mean = Span(microseconds: tail.microseconds * slowness)
            let extra = mean == .zero ? .zero : streams.disk.exponential(mean: mean)
            return Span(microseconds: streams.disk.within(microseconds) * slowness + extra.microseconds)
        }
        return now.advanced(by: span)
    }

    private mutating func persist(_ write: LogWrite, _ node: Int) {
        guard machines[node].log.begin(write) else { return }
        scheduleLogBatch(node)
        guard let armed = machines[node].armedCrash else { return }
        machines[node].armedCrash = nil
        noteHappened(armed.fault, Fault.crashDuringWriteName)
        faultsInForce.happened(.crashDuringWrite, at: now)
        let process = machines[node].generation
        let delay = choices.span(ChoiceKey(.crashPoint, node: node, process: process), neutral: .zero, at: now) {
            Span(microseconds: $0.disk.within(0...600))
        }
        queue.schedule(
            .crash(node: node, process: process, armed.crash, downFor: armed.downFor),
            at: now.advanced(by: delay)
        )
    }

    private mutating func scheduleLogBatch(_ node: Int) {
        let time = later(100...300, tail: Span(microseconds: 200), node, .writeLog)
        queue.schedule(.logBatchWritten(node: node, process: machines[node].generation), at: time)
    }

    mutating func completeLogBatch(_ node: Int) throws(Violation) {
        guard !machines[node].isDiskHung else {
            machines[node].hasHungWrite = true
            return
        }
        if let failing = machines[node].failingWrite.take() { return try failWrite(node, failing) }
        guard machines[node].fullUntil == nil else {
            queue.schedule(.logBatchWritten(node: node, process: machines[node].generation), at: laterWithRoom)
            return try tellRoom(node, isFull: true)
        }
        let completions = machines[node].log.completeBatch()
        if machines[node].log.isWriting { scheduleLogBatch(node) }
        for completion in completions { try written(node, completion) }
        try tellRoom(node, isFull: false)
        for completion in completions {
            let released = machines[node].process?.release(through: completion.write.id) ?? []
            for held in released { try transmit(held.message, from: node, to: held.to) }
            try step(node, .persisted(completion.write.id, last: completion.last))
        }
    }

    mutating func written(_ node: Int, _ completion: VirtualLogDisk.Completion) throws(Violation) {
        if let flaw = completion.flaw { throw Violation(.log, "n\(node + 1) writes what its log must refuse: \(flaw)") }
        try log.replaced(node, completion.dropped)
        try log.wrote(node, completion.write.entries, on: machines[node].log)
    }

    private mutating func send(_ message: PeerMessage, from: Int, to: Int, after: LogWrite.ID?) throws(Violation) {
        if let after, machines[from].process?.durable.map({ $0 < after }) ?? true {
            machines[from].process?.held.append(ProcessMemory.HeldMessage(message: message, to: to, after: after))
        } else {
            try transmit(message, from: from, to: to)
        }
    }

    private mutating func transmit(_ message: PeerMessage, from: Int, to: Int) throws(Violation) {
        if case .raft(let inner, _) = message.body {
            if case .snapshot(let chunk) = inner.body, chunk.number == 0 { occurred(.snapshotSent) }
            try leadership.sends(from, inner)
            try PromiseChecker.sends(from, inner, from: machines[from].log)
        }
        if case .statementsHeld(let holdings) = message.body {
            for holding in holdings { try acknowledges(from, holding.statement) }
        }
        try checkSeal(message)
        intruders.sent(message, by: from)
        guard dials(from, to), !intruders.withholds(message, from) else { return }
        let encodes = encodesFrames
        post(message, as: encodes ? .bytes(PeerCodec.encode(message)) : .message(message), from: from, to: to)
    }

    /// - Parameter content: What arrives, which may be less than the message.
    mutating func post(
        _ message: PeerMessage,
        as content: @autoclosure () -> WorldEvent.Frame.Content,
        from: Int,
        to: Int,
        isForged: Bool = false
    ) {
        let fate = choices.fate(
            of: message,
            from: from,
            process: machines[from].generation,
            to: to,
            under: network.connects(from, to) ? network.quality : nil,
            at: now
        )
        let content = content()
        let size = network.quality.bandwidth == nil ? 0 : content.byteCount(of: message)
        let times = network.arrivals(from: from, to: to, at: now, fate, byteCount: size)
        let number = recordSent(message, from: from, to: to, arrival: times.first)
        guard let first = times.first else { return }
        let frame = WorldEvent.Frame(
            from: from,
            to: to,
            sender: members[from],
            receiver: members[to],
            instance: machines[from].instance,
            isForged: isForged,
            content: content,
            number: number
        )
        queue.schedule(.deliver(frame), at: first)
        if let second = times.second { queue.schedule(.deliver(frame), at: second) }
    }

    mutating func deliver(_ frame: WorldEvent.Frame) throws(Violation) {
        guard machines[frame.to].isUp, isHeard(frame), admits(frame) else {
            return recordArrival(frame, isReceived: false)
        }
        recordArrival(frame, isReceived: true)
        let message: PeerMessage
        switch frame.content {
        case .message(let content): message = content
        case .bytes(let bytes):
            do throws(WireError) {
                message = try PeerCodec.decode(bytes)
            } catch {
                guard frame.isForged else {
                    throw Violation(.log, "a message of n\(frame.from + 1) does not decode: \(error)")
                }
                // What does not decode is dropped, as if it had been lost.
                guard case .unreadableGossip = error else { return }
                return try step(frame.to, .unreadableGossip(byteCount: bytes.count, from: frame.sender))
            }
        }
        noteCoverage(frame.to, message)
        intruders.heard(message, by: frame.to)
        let before = message.asksForVote ? standpoint(of: frame.to) : nil
        try step(frame.to, .receive(message, from: frame.sender))
        guard case .raft(let raft, _) = message.body, let after = standpoint(of: frame.to) else { return }
        let isCredible = !frame.isForged && isDatedWell(message)
        try allegiance.received(frame.to, raft, isCredible: isCredible, before: before, after: after, at: now)
    }
}

extension WorldEvent.Frame.Content {
    fileprivate func byteCount(of message: PeerMessage) -> Int {
        switch self {
        case .message: PeerCodec.encode(message).count
        case .bytes(let bytes): bytes.count
        }
    }
}
