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
        guard let body = workload.nextSetup() else { return try beginChosenOperation() }
        let operation = invoke(.write(body), isSetup: true)
        queue.schedule(.load, at: now.advanced(by: .milliseconds(20)))
        try attempt(operation)
    }

    private mutating func beginChosenOperation() throws(Violation) {
        guard let (number, chosen) = chooseOperation() else { return }
        if choices.schedule != nil { workload.follows(chosen.act) }
        let intent = workload.intent(
            of: chosen.act,
            number,
            known: knownRevision,
            askedOf: chosen.node,
            in: lineage,
            members: members
        )
        if case .state(let act) = chosen.act, case .state(let signed) = intent { statements.made(act, signed) }
        let operation = invoke(intent, number: number)
        choices.begun(number, chosen, at: now)
        let next = choices.dueOperation.map { max($0.time, now) } ?? now.advanced(by: chosen.pause)
        queue.schedule(.load, at: next)
        let askable = askable(for: intent)
        try attempt(operation, at: askable.contains(chosen.node) ? chosen.node : askable[0])
    }

    /// What a client begins now; nil when a schedule says that it is not yet time for the next, or that there is none.
    private mutating func chooseOperation() -> (number: Int, operation: ChosenOperation)? {
        if choices.schedule != nil {
            guard let (number, operation, time) = choices.dueOperation else { return nil }
            guard time > now else { return (number, operation) }
            queue.schedule(.load, at: time)
            return nil
        }
        guard options.scenario.operationsPerSecond > 0 else { return nil }
        let mean = Span(microseconds: 1_000_000 / options.scenario.operationsPerSecond)
        let act = workload.next(at: now, random: &choices.streams.clients)
        let pause = choices.streams.clients.exponential(mean: mean)
        let askable = act.isWrite ? writable : present
        var node = askable[choices.streams.clients.below(askable.count)]
        // What nodes that are cut off are told matters most.
        if case .state = act, let alone = choices.streams.clients.element(of: askable.filter { !reachesQuorum($0) }) {
            node = choices.streams.clients.chance(500_000) ? alone : node
        }
        return (operations.count, ChosenOperation(act, node: node, pause: pause))
    }

    /// The machines that can be asked.
    private var present: [Int] { machines.indices.filter(membership.isPresent) }
    /// Those that can be asked to write: a learner's word for its clients does not count.
    private var writable: [Int] { present.filter { !membership.staysLearner($0) } }

    private func askable(for intent: ClientOperation.Intent) -> [Int] {
        switch intent {
        case .write, .escalate, .usurp: writable
        case .read, .readCurrent, .decide, .pry, .state: present
        }
    }

    /// - Parameter number: Under which clients know it; nil for one that follows from what has happened.
    /// - Returns: Its place among the operations.
    mutating func invoke(_ intent: ClientOperation.Intent, number: Int? = nil, isSetup: Bool = false) -> Int {
        if case .write(.put(.assignment(let spec), _)) = intent, let end = spec.expiresAt,
            let agent = population.agents.firstIndex(of: spec.principal)
        {
            grants.requested(agent, until: end)
            dependencies.granted(agent)
        }
        if case .write(.withdrawWarrant(let name)) = intent { statements.asksToWithdraw(name) }
        if case .write(.liftQuarantine(let lifted, _)) = intent { lifted.forEach { revocations.asksToLift($0) } }
        operations.append(
            ClientOperation(
                number: number ?? unusedNumber,
                intent: intent,
                invokedAt: now,
                floor: knownRevision,
                isSetup: isSetup
            )
        )
        return operations.count - 1
    }

    /// A number that no operation has or will have, where some were left out of a schedule too.
    private var unusedNumber: Int {
        let number = operations.count
        return choices.schedule?.namesOperation(number) == true ? number + Self.numbersPastScheduled : number
    }

    private static let numbersPastScheduled = 1_000_000

    /// - Parameter node: Which machine is asked; nil leaves it to choice.
    mutating func attempt(_ place: Int, at node: Int? = nil) throws(Violation) {
        guard operations[place].outcome == .pending else { return }
        let node = node ?? target(place)
        operations[place].attempts += 1
        operations[place].node = node
        operations[place].networkEpoch = network.epoch
        trace.hash.combine(place)
        switch operations[place].intent {
        case .write(let body): try submit(body, of: .administrator(fingerprint: Self.administrator), place, to: node)
        case .escalate(let agent, let body):
            try submit(body, of: .principal(population.agents[agent], token: nil), place, to: node)
        case .usurp(let theft, let body): try submit(body, of: thefts[theft].caller, place, to: node)
        case .read(_, let revision):
            try ask(place, of: node) { id, deadline in .awaitRevision(id, revision, deadline: deadline) }
        case .readCurrent:
            try ask(place, of: node) { id, deadline in .awaitCurrent(id, deadline: deadline) }
        case .decide(let agent, let document):
            let answered = try decide(agent, document, at: node)
            if answered { finish(place, .decided) } else { retry(place) }
        case .pry(let agent, let about, let document):
            let answered = try pry(agent, about: about, document, at: node)
            if answered { finish(place, .decided) } else { retry(place) }
        case .state(let signed):
            try ask(place, of: node) { id, deadline in .make(id, signed, deadline: deadline) }
        }
    }

    /// Neutral is the machine after the one that was asked last, at first the first.
    private mutating func target(_ place: Int) -> Int {
        let operation = operations[place]
        let askable = askable(for: operation.intent)
        let later = operation.attempts == 0 ? nil : askable.first { $0 > operation.node }
        let neutral = later ?? askable[0]
        let node = choices.number(operation.key(.target), neutral: Int64(neutral), at: now) { streams in
            Int64(askable[streams.clients.below(askable.count)])
        }
        return askable.contains(Int(node)) ? Int(node) : neutral
    }

    private mutating func submit(
        _ body: CommandBody,
        of caller: Caller,
        _ place: Int,
        to node: Int
    ) throws(Violation) {
        guard let id = open(place, at: node) else { return retry(place) }
        let command = Command(
            caller: caller,
            authenticatedBy: members[node],
            idempotencyKey: operations[place].idempotencyKey,
            notAfter: VirtualClock.trueWall(at: now).advanced(by: .seconds(12 * 3600)),
            body: body
        )
        // An older program does not know what it is asked for.
        guard command.requiredLevel <= program(of: node) else {
            machines[node].process?.requests[id] = nil
            operations[place].isWaiting = false
            return retry(place)
        }
        let bytes = options.codec.encode(command)
        history.submitted(Digest.of(bytes), of: operations[place].number)
        let deadline = deadline(of: place, at: node)
        try step(
            node,
            .submit([
                .init(
                    id: id,
                    command: bytes,
                    level: command.clusterLevel,
                    change: body.memberChange,
                    deadline: deadline
                )
            ])
        )
    }

    private mutating func ask(
        _ place: Int,
        of node: Int,
        _ input: (RequestID, Instant) -> ReplicaNode.Input
    ) throws(Violation) {
        guard let id = open(place, at: node) else { return retry(place) }
        try step(node, input(id, deadline(of: place, at: node)))
    }

    private static let patience = Span.seconds(3)

    /// Nil when nobody answers at that node.
    private mutating func open(_ place: Int, at node: Int) -> RequestID? {
        let attempt = operations[place].attempts
        guard let id = machines[node].process?.request(for: place, attempt: attempt) else { return nil }
        operations[place].isWaiting = true
        queue.schedule(.clientTimeout(operation: place, attempt: attempt), at: now.advanced(by: Self.patience))
        return id
    }

    /// A little before the client loses patience, by the node's own clock.
    private mutating func deadline(of place: Int, at node: Int) -> Instant {
        let operation = operations[place]
        let wait = choices.span(operation.key(.deadline), neutral: .milliseconds(2000), at: now) {
            $0.clients.span(.milliseconds(500)...(.milliseconds(2500)))
        }
        return machines[node].clock.monotonic(at: now).advanced(by: wait)
    }

    mutating func replied(_ node: Int, _ id: RequestID, _ reply: ReplicaNode.Reply) throws(Violation) {
        guard let request = machines[node].process?.requests.removeValue(forKey: id) else {
            throw Violation(.history, "n\(node + 1) answers request \(id.number), which is unknown or answered")
        }
        guard let place = request.operation else { return claimed(node, reply) }
        try checkRefusal(node, reply, place)
        let isCurrent = operations[place].isWaiting && operations[place].attempts == request.attempt
        if isCurrent { operations[place].isWaiting = false }
        trace.hash.combine(place)
        let operation = operations[place]
        record(.client("operation \(operation.number), \(operation.intent.summary): \(reply.summary)"), node: node)
        switch reply {
        case .applied(.done(let done)): try acknowledge(place, done, by: node, isCurrent: isCurrent)
        // The node has lost its vote, or has none yet: another one's word counts.
        case .applied(.refused(let refusal)) where refusal.code == .notAVoter: if isCurrent { retry(place) }
        case .applied(.refused(let refusal)):
            if case .usurp(let theft, _) = operation.intent { thieves.wasRefused(theft) }
            if isCurrent { finish(place, .rejected(refusal)) }
        case .reached(let revision): try read(place, at: node, revision, isCurrent: isCurrent)
        case .inForce(let id): try stated(place, id, by: node, isCurrent: isCurrent)
        case .statementRecorded(let id, let index):
            try expectRecord(of: id, at: index, on: node)
            try stated(place, id, by: node, isCurrent: isCurrent)
        case .statementRefused(let refusal): try refused(place, refusal, isCurrent: isCurrent)
        case .handedOver: throw Violation(.history, "n\(node + 1) hands over at the wish of no client")
        case .refused: if isCurrent { retry(place) }
        case .outcomeUnknown:
            operations[place].isInDoubt = true
            if isCurrent { retry(place) }
        }
    }

    private mutating func acknowledge(
        _ place: Int,
        _ done: CommandResult.Done,
        by node: Int,
        isCurrent: Bool
    ) throws(Violation) {
        try history.acknowledged(operations[place], done)
        seals.acknowledged(done.revision, at: VirtualClock.trueWall(at: now))
        if case .escalate(let agent, let body) = operations[place].intent {
            throw Violation(
                .authority,
                "n\(node + 1) does for agent \(agent) what is not its to ask for: \(body.action)"
            )
        }
        if case .usurp(let theft, _) = operations[place].intent {
            try thieves.succeeded(theft, at: done.revision, operations[place].intent.summary)
            if isCurrent { finish(place, .done(done)) }
        }
        guard case .write(let body) = operations[place].intent else { return }
        try expect(body, done, by: node)
        guard isCurrent else { return }
        try expectMajority(place, at: node)
        finish(place, .done(done))
        acknowledgements.append(now)
        knownRevision = max(knownRevision, done.revision)
        workload.learned(body, done)
        try askTheDeposed(after: node)
    }

    /// Who still leads in an earlier term is asked to read, one document after the other, once clients have been told of a write
    /// under the leader of a later one.
    private mutating func askTheDeposed(after node: Int) throws(Violation) {
        guard let leader,
            let deposed = machines.indices.first(where: { other in
                other != leader && other != node && machines[other].progress?.leadsIn != nil
            })
        else { return }
        let operation = invoke(.readCurrent(resource: operations.count % population.documents.count))
        try attempt(operation, at: deposed)
    }

    /// Reads from the state of the node, as its shell would on a thread of its own.
    private mutating func read(
        _ place: Int,
        at node: Int,
        _ revision: LogIndex,
        isCurrent: Bool
    ) throws(Violation) {
        let (document, atLeast): (Int, LogIndex)
        switch operations[place].intent {
        case .read(let resource, let floor): (document, atLeast) = (resource, floor)
        // Whatever was told to anybody before the read was asked.
        case .readCurrent(let resource): (document, atLeast) = (resource, operations[place].floor)
        case .write, .decide, .pry, .escalate, .usurp, .state: return
        }
        let value = value(of: document, at: node)
        let applied = machines[node].state.current.point.position.index
        try history.read(document: document, value: value, applied: applied, atLeast: max(atLeast, revision), on: node)
        guard isCurrent else { return }
        finish(place, .read(value))
        knownRevision = max(knownRevision, applied)
    }

    func value(of document: Int, at node: Int) -> Int64? { value(of: document, in: machines[node].state.current.pairs) }

    func value(of document: Int, in pairs: SortedStore) -> Int64? {
        let view = DirectoryView(pairs, codec: options.codec)
        guard let record = try? view.resource(population.documents[document]),
            case .long(let value) = record.spec.attributes[Population.valueAttribute]
        else { return nil }
        return value
    }

    mutating func finish(_ place: Int, _ outcome: ClientOperation.Outcome) {
        operations[place].outcome = outcome
        operations[place].returnedAt = now
    }

    /// Tries again, unless the client has had enough or its load is over.
    private mutating func retry(_ place: Int) {
        let operation = operations[place]
        let isOver = operation.attempts >= ClientOperation.maximumAttempts && !operation.isSetup
        if isOver {
            finish(place, operation.isInDoubt ? .unknown : .notTaken)
        } else {
            let pause = choices.span(operation.key(.retryPause), neutral: .milliseconds(200), at: now) {
                $0.clients.span(.milliseconds(20)...(.milliseconds(400)))
            }
            queue.schedule(.attempt(operation: place), at: now.advanced(by: pause))
        }
    }

    mutating func timeOut(_ place: Int, _ attempt: Int) {
        guard operations[place].isWaiting, operations[place].attempts == attempt else { return }
        operations[place].isWaiting = false
        operations[place].isInDoubt = true
        retry(place)
    }
}

extension ClientOperation {
    /// Of a choice about its newest attempt.
    fileprivate func key(_ kind: ChoiceKey.Kind) -> ChoiceKey {
        ChoiceKey(kind, process: UInt64(attempts), number: number)
    }
}
