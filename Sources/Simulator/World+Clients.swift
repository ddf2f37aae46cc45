internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// What clients do, and what they are told.
extension World {
    /// Begins the next operation of the load and schedules the one after it. Setup goes one step at a time.
    mutating func beginOperation() throws(Violation) {
        guard now < loadEnds else { return }
        if operations.last.map({ $0.isSetup && $0.outcome == .pending }) ?? false {
            queue.schedule(.load, at: now.advanced(by: .milliseconds(20)))
            return
        }
        let mean = Span(microseconds: 1_000_000 / options.scenario.operationsPerSecond)
        if let body = workload.nextSetup() {
            invoke(.write(body), isSetup: true)
            queue.schedule(.load, at: now.advanced(by: .milliseconds(20)))
        } else {
            let intent = workload.next(
                operations.count,
                known: knownRevision,
                at: now,
                random: &streams.clients
            )
            invoke(intent, isSetup: false)
            let pause = streams.clients.exponential(mean: mean)
            queue.schedule(.load, at: now.advanced(by: pause))
        }
        try attempt(operations.count - 1)
    }

    mutating func invoke(_ intent: ClientOperation.Intent, isSetup: Bool) {
        if case .write(.put(.assignment(let spec), _)) = intent, let end = spec.expiresAt,
            let agent = population.agents.firstIndex(of: spec.principal)
        {
            grants.requested(agent, until: end)
        }
        operations.append(
            ClientOperation(
                number: operations.count,
                intent: intent,
                invokedAt: now,
                floor: knownRevision,
                isSetup: isSetup
            )
        )
    }

    mutating func attempt(_ number: Int) throws(Violation) {
        guard operations[number].outcome == .pending else { return }
        let present = machines.indices.filter(membership.isPresent)
        let node = present[streams.clients.below(present.count)]
        operations[number].attempts += 1
        operations[number].node = node
        operations[number].networkEpoch = network.epoch
        trace.hash.combine(number)
        switch operations[number].intent {
        case .write(let body): try submit(body, number, to: node)
        case .read(_, let revision):
            try ask(number, of: node) { id, deadline in .awaitRevision(id, revision, deadline: deadline) }
        case .readCurrent:
            try ask(number, of: node) { id, deadline in .awaitCurrent(id, deadline: deadline) }
        case .decide(let agent, let document):
            let answered = try decide(agent, document, at: node)
            if answered { finish(number, .decided) } else { retry(number) }
        }
    }

    private mutating func submit(_ body: CommandBody, _ number: Int, to node: Int) throws(Violation) {
        guard let id = open(number, at: node) else { return retry(number) }
        let command = Command(
            caller: .administrator(fingerprint: Self.administrator),
            authenticatedBy: members[node],
            idempotencyKey: operations[number].idempotencyKey,
            notAfter: VirtualClock.trueWall(at: now).advanced(by: .seconds(12 * 3600)),
            body: body
        )
        let bytes = options.codec.encode(command)
        history.submitted(Digest.of(bytes), of: number)
        try step(node, .submit([.init(id: id, command: bytes, deadline: deadline(at: node))]))
    }

    private mutating func ask(
        _ number: Int,
        of node: Int,
        _ input: (RequestID, Instant) -> ReplicaNode.Input
    ) throws(Violation) {
        guard let id = open(number, at: node) else { return retry(number) }
        try step(node, input(id, deadline(at: node)))
    }

    private static let patience = Span.seconds(3)

    /// Nil when nobody answers at that node.
    private mutating func open(_ number: Int, at node: Int) -> RequestID? {
        let attempt = operations[number].attempts
        guard let id = machines[node].process?.request(for: number, attempt: attempt) else { return nil }
        operations[number].isWaiting = true
        queue.schedule(.clientTimeout(operation: number, attempt: attempt), at: now.advanced(by: Self.patience))
        return id
    }

    /// A little before the client loses patience, by the node's own clock.
    private mutating func deadline(at node: Int) -> Instant {
        let wait = streams.clients.span(.milliseconds(500)...(.milliseconds(2500)))
        return machines[node].clock.monotonic(at: now).advanced(by: wait)
    }

    mutating func replied(_ node: Int, _ id: RequestID, _ reply: ReplicaNode.Reply) throws(Violation) {
        guard let request = machines[node].process?.requests.removeValue(forKey: id) else {
            throw Violation(.history, "n\(node + 1) answers request \(id.number), which is unknown or answered")
        }
        let number = request.operation
        let isCurrent = operations[number].isWaiting && operations[number].attempts == request.attempt
        if isCurrent { operations[number].isWaiting = false }
        trace.hash.combine(number)
        record(.client("operation \(number): \(reply)"), node: node)
        switch reply {
        case .applied(.done(let done)): try acknowledge(number, done, by: node, isCurrent: isCurrent)
        // The node has lost its vote, or has none yet: another one's word counts.
        case .applied(.refused(let refusal)) where refusal.code == .notAVoter: if isCurrent { retry(number) }
        case .applied(.refused(let refusal)): if isCurrent { finish(number, .rejected(refusal)) }
        case .reached(let revision): try read(number, at: node, revision, isCurrent: isCurrent)
        case .handedOver: throw Violation(.history, "n\(node + 1) hands over at the wish of no client")
        case .refused: if isCurrent { retry(number) }
        case .outcomeUnknown:
            operations[number].isInDoubt = true
            if isCurrent { retry(number) }
        }
    }

    private mutating func acknowledge(
        _ number: Int,
        _ done: CommandResult.Done,
        by node: Int,
        isCurrent: Bool
    ) throws(Violation) {
        try history.acknowledged(operations[number], done)
        guard case .write(let body) = operations[number].intent else { return }
        if case .revoke(.principal(let id), _) = body, let agent = population.agents.firstIndex(of: id) {
            revocations.acknowledged(agent, at: done.revision, by: node)
            try probeRevocations(node)
        }
        guard isCurrent else { return }
        try expectMajority(number, at: node)
        finish(number, .done(done))
        acknowledgements.append(now)
        knownRevision = max(knownRevision, done.revision)
        workload.learned(body, done)
    }

    /// Reads from the state of the node, as its shell would on a thread of its own.
    private mutating func read(
        _ number: Int,
        at node: Int,
        _ revision: LogIndex,
        isCurrent: Bool
    ) throws(Violation) {
        let (document, atLeast): (Int, LogIndex)
        switch operations[number].intent {
        case .read(let resource, let floor): (document, atLeast) = (resource, floor)
        // Whatever was told to anybody before the read was asked.
        case .readCurrent(let resource): (document, atLeast) = (resource, operations[number].floor)
        case .write, .decide: return
        }
        let value = value(of: document, at: node)
        let applied = machines[node].state.current.point.position.index
        try history.read(document: document, value: value, applied: applied, atLeast: max(atLeast, revision), on: node)
        guard isCurrent else { return }
        finish(number, .read(value))
        knownRevision = max(knownRevision, applied)
    }

    func value(of document: Int, at node: Int) -> Int64? {
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        guard let record = try? view.resource(population.documents[document]),
            case .long(let value) = record.spec.attributes[Population.valueAttribute]
        else { return nil }
        return value
    }

    private mutating func finish(_ number: Int, _ outcome: ClientOperation.Outcome) {
        operations[number].outcome = outcome
        operations[number].returnedAt = now
    }

    /// Tries again, unless the client has had enough or its load is over.
    private mutating func retry(_ number: Int) {
        let operation = operations[number]
        let isOver = operation.attempts >= ClientOperation.maximumAttempts && !operation.isSetup
        if isOver {
            finish(number, operation.isInDoubt ? .unknown : .notTaken)
        } else {
            let pause = streams.clients.span(.milliseconds(20)...(.milliseconds(400)))
            queue.schedule(.attempt(operation: number), at: now.advanced(by: pause))
        }
    }

    mutating func timeOut(_ number: Int, _ attempt: Int) {
        guard operations[number].isWaiting, operations[number].attempts == attempt else { return }
        operations[number].isWaiting = false
        operations[number].isInDoubt = true
        retry(number)
    }
}
