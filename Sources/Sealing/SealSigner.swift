package import Kernel

/// A voter's side of a seal: what it signs, and when. docs/decisions/0034 has the argument that rests on it.
///
/// It handles one statement at a time: keep the mark, then sign, then answer. What is asked meanwhile, or for an index that is not
/// applied yet, waits; of two, the newer. An input comes with the node's roots as they are then.
package struct SealSigner: Hashable, Sendable {
    package enum Input: Hashable, Sendable {
        /// Asked by a member, as the link authenticated it.
        case asked(SealStatement, by: MemberID)
        /// What consensus knows now.
        case following(leader: MemberID?, in: Term)
        /// The roots have moved.
        case applied
        /// Answers `.persist`.
        case persisted(SealMark)
        /// Answers `.sign`; nil when the key could not be used.
        case signed(SealStatement, [UInt8]?)
    }

    package enum Effect: Hashable, Sendable {
        /// Make it durable.
        case persist(SealMark)
        /// With the key of this member.
        case sign(SealStatement)
        case answer(SealAnswer, to: MemberID)
    }

    private struct Request: Hashable, Sendable {
        let statement: SealStatement
        let leader: MemberID
    }

    private enum Current: Hashable, Sendable {
        case persisting(Request)
        case signing(Request)
    }

    private enum Judgement: Hashable, Sendable {
        case sign
        case wait
        case refuse(SigningRefusal)
    }

    private let lineage: Lineage
    private let options: SealOptions
    package private(set) var mark: SealMark?
    private var term: Term
    private var leader: MemberID?
    private var current: Current?
    private var waiting: Request?

    /// - Parameter mark: Kept by an earlier process of this member.
    package init(lineage: Lineage, mark: SealMark?, term: Term, options: SealOptions = SealOptions()) {
        self.lineage = lineage
        self.mark = mark
        self.term = term
        self.options = options
    }

    package mutating func step(_ input: Input, roots: RootHistory, at now: Moment) -> [Effect] {
        switch input {
        case .asked(let statement, let member): asked(Request(statement: statement, leader: member), roots, now)
        case .following(let leader, let term): follow(leader, in: term)
        case .applied: takeWaiting(roots, now)
        case .persisted(let mark): persisted(mark, roots, now)
        case .signed(let statement, let signature): signed(statement, signature, roots, now)
        }
    }

    private mutating func follow(_ leader: MemberID?, in term: Term) -> [Effect] {
        invariant(term >= self.term, "term \(self.term) went back to \(term)")
        self.leader = leader
        self.term = term
        // Its leader does not want it any more.
        if let waiting, !isWanted(waiting) { self.waiting = nil }
        return []
    }

    private mutating func asked(_ request: Request, _ roots: RootHistory, _ now: Moment) -> [Effect] {
        switch judge(request, roots, now) {
        case .refuse(let reason): return [refuse(request, reason)]
        case .wait:
            wait(request)
            return []
        case .sign:
            guard current == nil else {
                wait(request)
                return []
            }
            return begin(request)
        }
    }

    private mutating func wait(_ request: Request) {
        if let waiting, waiting.statement.time >= request.statement.time { return }
        waiting = request
    }

    private mutating func takeWaiting(_ roots: RootHistory, _ now: Moment) -> [Effect] {
        guard current == nil, let request = waiting else { return [] }
        waiting = nil
        return asked(request, roots, now)
    }

    private mutating func begin(_ request: Request) -> [Effect] {
        let next = SealMark(request.statement)
        guard mark != next else {
            current = .signing(request)
            return [.sign(request.statement)]
        }
        // From now on, also while it is not durable: nothing lower is begun meanwhile.
        mark = next
        current = .persisting(request)
        return [.persist(next)]
    }

    private mutating func persisted(_ mark: SealMark, _ roots: RootHistory, _ now: Moment) -> [Effect] {
        guard case .persisting(let request) = current, request.statement == mark.statement else { return [] }
        // The term may be over: what is signed from now on would be by a voter of another.
        guard isWanted(request) else { return finish(roots, now) }
        current = .signing(request)
        return [.sign(request.statement)]
    }

    private mutating func signed(
        _ statement: SealStatement,
        _ signature: [UInt8]?,
        _ roots: RootHistory,
        _ now: Moment
    ) -> [Effect] {
        guard case .signing(let request) = current, request.statement == statement else { return [] }
        var effects: [Effect] = []
        if let signature, isWanted(request) {
            effects.append(.answer(SealAnswer(id: statement.id, word: .signed(signature)), to: request.leader))
        }
        return effects + finish(roots, now)
    }

    private mutating func finish(_ roots: RootHistory, _ now: Moment) -> [Effect] {
        current = nil
        return takeWaiting(roots, now)
    }

    private func isWanted(_ request: Request) -> Bool {
        request.statement.term == term && request.leader == leader
    }

    private func refuse(_ request: Request, _ reason: SigningRefusal) -> Effect {
        .answer(SealAnswer(id: request.statement.id, word: .refused(reason)), to: request.leader)
    }

    private func judge(_ request: Request, _ roots: RootHistory, _ now: Moment) -> Judgement {
        let statement = request.statement
        if statement.lineage != lineage { return .refuse(.otherLineage) }
        if statement.term != term { return .refuse(.otherTerm(term)) }
        if request.leader != leader { return .refuse(.notLeader) }
        if !isNear(statement.time, now.wall) { return .refuse(.clocksDiffer(own: now.wall)) }
        if let refusal = mark?.refusal(of: statement) { return .refuse(refusal) }
        switch roots[statement.index] {
        case .notApplied: return .wait
        case .notRecorded(let applied): return .refuse(.notRecorded(applied: applied))
        case .recorded(let point):
            if point.claim != statement.claim { return .refuse(.differs(point.claim)) }
            // Applied, hence committed: so this is also the proof of a commit in the leader's own term.
            return point.term == term ? .sign : .refuse(.noCommitInTerm(entry: point.term))
        }
    }

    /// What lies further ahead would keep old grants from ending; what lies further behind would end none in time.
    private func isNear(_ time: WallTime, _ own: WallTime) -> Bool {
        time <= own.advanced(by: options.maxClockError) && own <= time.advanced(by: options.maxClockError)
    }
}
