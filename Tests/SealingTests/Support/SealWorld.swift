import Kernel
import Sealing
import Testing

/// Seven members with a Raft that is reduced to what seals rest on, receivers, and a network that loses, repeats and reorders.
///
/// An election and an append to one follower are a step each; what is asynchronous here are seals. Leaders that were superseded go
/// on until they hear of it; configurations are in force when applied, as in `Consensus`.
struct SealWorld {
    struct Entry: Hashable {
        let term: Term
        let time: WallTime
        let hash: Digest
        /// What an entry of the configuration puts in force.
        let voters: VoterSet?
    }

    struct Node {
        let number: UInt64
        /// Of its wall clock from true time, in milliseconds.
        let offset: UInt64
        var term = Term(1)
        var leader: MemberID?
        var log: [Entry] = []
        var commit = 0
        var roots: RootHistory
        var signer: SealSigner
        var collector: SealCollector
        var watch: SealWatch
        var durableMark: SealMark?
        /// Of a leader.
        var match: [Int] = Array(repeating: 0, count: 8)
        var pendingChange = 0
        /// Until then no message of consensus reaches it, while seals' do: the worst case for a leader that was superseded.
        var deafUntil: UInt64 = 0

        var id: MemberID { MemberID(number) }
        var leads: Bool { leader == id }
        var applied: Int { Int(roots.newest.index.number) }
        var voters: VoterSet { roots.newest.voters }
        var isVoter: Bool { voters.key(of: id) != nil }
        var hasCommittedInTerm: Bool { commit > 0 && log[commit - 1].term == term }
        var last: (Term, Int) { (log.last?.term ?? .zero, log.count) }
    }

    enum Letter: Hashable {
        case ask(SealStatement)
        case answer(SealAnswer)
        case seal(Seal, TransitionSeal?)
        case persisted(SealMark)
        case sign(SealStatement)
    }

    struct Mail: Hashable {
        let from: UInt64
        let to: UInt64
        let letter: Letter
    }

    struct Made: Hashable {
        let seal: Seal
        let leader: UInt64
    }

    var random: SeededRandom
    var now: UInt64 = 1000
    var nodes: [Node] = []
    var mail: [Mail] = []
    var receivers: [Receiver] = []
    /// The log that was committed, each entry with the true time of the first commit that any leader knew of.
    var committed: [(hash: Digest, voters: VoterSet, at: UInt64)] = []
    var seals: [Made] = []
    var transitions = 0
    var elections = 0
    var forgeries = 0

    static let size: UInt64 = 7
    /// Faster than real ones, so that a short run has many seals.
    static var options: SealOptions {
        var options = SealOptions()
        options.busyInterval = .milliseconds(10)
        options.idleInterval = .milliseconds(40)
        options.patience = .milliseconds(100)
        return options
    }

    let genesis: VoterSet

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let count = [3, 3, 4, 5, 7][Int(seed % 5)] as UInt64
        genesis = SealingTests.Made.voters(Array(1...count))
        let point = SealPoint(term: .zero, index: .zero, head: .zero, root: Self.root(of: .zero), voters: genesis)
        for number in 1...Self.size {
            let offset = UInt64.random(in: 0...400, using: &random)
            nodes.append(
                Node(
                    number: number,
                    offset: offset,
                    roots: RootHistory(at: point, time: nil),
                    signer: SealSigner(lineage: SealingTests.Made.lineage, mark: nil, term: Term(1)),
                    collector: SealCollector(
                        lineage: SealingTests.Made.lineage,
                        sealedVoters: genesis,
                        options: Self.options
                    ),
                    watch: SealWatch(from: Self.trusted(point))
                )
            )
        }
        receivers = (0..<3).map { _ in Receiver(log: SealedLog(from: Self.trusted(point))) }
    }

    static func trusted(_ point: SealPoint) -> TrustedHead {
        let checkpoint = Checkpoint(
            lineage: SealingTests.Made.lineage,
            index: point.index,
            head: point.head,
            root: point.root,
            time: WallTime(milliseconds: SealingTests.Made.start),
            voters: point.voters
        )
        do {
            return try TrustedHead(checkpoint, at: WallTime(milliseconds: SealingTests.Made.start))
        } catch {
            fatalError("\(error)")
        }
    }

    /// A state is a function of the log.
    static func root(of head: Digest) -> Digest { .of(Array("root of ".utf8) + head.bytes) }

    func moment(of place: Int) -> Moment { Moment(now + nodes[place].offset) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    mutating func anyNode() -> Int { Int.random(in: nodes.indices, using: &random) }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            now += UInt64.random(in: 0...1, using: &random)
            step()
        }
    }

    private mutating func step() {
        let place = anyNode()
        let leaders = nodes.indices.filter { nodes[$0].leads }
        // Where nobody leads for long, nothing can go wrong.
        if leaders.isEmpty, chance(3) { elect(place) }
        let leader = leaders.randomElement(using: &random) ?? place
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<3: elect(place)
        case 3..<50 where !isQuiet: propose(leader, change: nil)
        case 50..<55 where !isQuiet: change(leader)
        case 55..<300: replicate(from: leader, to: anyNode())
        case 300..<450: apply(place)
        case 450..<454: crash(place)
        case 454..<520: wake(leader)
        case 520..<640: feed(Int.random(in: receivers.indices, using: &random), from: place)
        case 640..<650: forge()
        case 650..<930: deliver()
        case 930..<980: insist()
        default: break
        }
    }

    /// Half of the time logs come to rest: a leader that has lost its followers cannot seal what it proposes then.
    private var isQuiet: Bool { now / 150 % 2 == 1 }

    private mutating func elect(_ place: Int) {
        let candidate = nodes[place]
        guard candidate.isVoter, !hasUnappliedChange(candidate) else { return }
        for other in nodes.indices where nodes[other].leads && other != place && chance(70) {
            nodes[other].deafUntil = now + UInt64.random(in: 0...400, using: &random)
        }
        let granting = nodes.indices.filter { other in
            other == place || (chance(70) && nodes[other].last <= candidate.last && !isDeaf(other))
        }
        let voters = granting.map { nodes[$0].id }.filter { candidate.voters.key(of: $0) != nil }
        guard candidate.voters.isQuorum(voters) else { return }
        let grantors = granting.filter { candidate.voters.key(of: nodes[$0].id) != nil }
        let term = (grantors.map { nodes[$0].term }.max() ?? .zero).next
        for other in grantors { follow(nil, in: term, other) }
        follow(candidate.id, in: term, place)
        nodes[place].match = Array(repeating: 0, count: 8)
        nodes[place].pendingChange = nodes[place].log.count
        elections += 1
        append(place, voters: nil)
    }

    private func isDeaf(_ place: Int) -> Bool { nodes[place].deafUntil > now }

    private func hasUnappliedChange(_ node: Node) -> Bool {
        node.applied < node.commit && node.log[node.applied..<node.commit].contains { $0.voters != nil }
    }

    private mutating func follow(_ leader: MemberID?, in term: Term, _ place: Int) {
        guard nodes[place].term != term || nodes[place].leader != leader else { return }
        nodes[place].term = term
        nodes[place].leader = leader
        carry(place, .following(leader: leader, in: term))
        if leader != nodes[place].id { collect(place, .notLeading) }
    }

    private mutating func append(_ place: Int, voters: VoterSet?) {
        let node = nodes[place]
        let time = max(node.log.last?.time ?? .distantPast, moment(of: place).wall)
        let before = node.log.last?.hash ?? .zero
        let text = "\(node.term) \(node.number) \(node.log.count) \(time) \(voters?.digest.hex ?? "")"
        let hash = Digest.of(before.bytes + Array(text.utf8))
        nodes[place].log.append(Entry(term: node.term, time: time, hash: hash, voters: voters))
        nodes[place].match[Int(node.number)] = nodes[place].log.count
        commit(place)
    }

    private mutating func propose(_ place: Int, change: VoterSet?) {
        guard nodes[place].leads, nodes[place].log.count - nodes[place].applied < 40 else { return }
        append(place, voters: change)
        if change != nil { nodes[place].pendingChange = nodes[place].log.count }
    }

    /// Leaves a joint set, enters one, or adds or removes one voter.
    private mutating func change(_ place: Int) {
        let node = nodes[place]
        guard node.leads, node.hasCommittedInTerm, node.applied >= node.pendingChange else { return }
        if let next = node.voters.afterLeaving { return propose(place, change: next) }
        // As an operator should wait; often this one does not.
        guard node.collector.hasSealed(node.voters) || chance(20) else { return }
        let current = node.voters.members.map(\.low)
        var next = current
        if chance(50) {
            let one = UInt64.random(in: 1...Self.size, using: &random)
            next = current.contains(one) ? current.filter { $0 != one } : current + [one]
            guard next.count >= 3 else { return }
            propose(place, change: SealingTests.Made.voters(next))
        } else {
            next = Array((1...Self.size).shuffled(using: &random).prefix(Int.random(in: 3...5, using: &random)))
            propose(place, change: SealingTests.Made.voters(next, outgoing: current))
        }
    }

    private mutating func replicate(from place: Int, to other: Int) {
        guard place != other, nodes[place].leads, nodes[other].isVoter || chance(60) else { return }
        guard !isDeaf(place), !isDeaf(other) else { return }
        let leader = nodes[place]
        guard nodes[other].term <= leader.term else {
            if chance(30) { follow(nil, in: nodes[other].term, place) }
            return
        }
        follow(leader.id, in: leader.term, other)
        var log = nodes[other].log
        let common = zip(log, leader.log).prefix { $0 == $1 }.count
        let count = min(leader.log.count, common + Int.random(in: 0...12, using: &random))
        // What conflicts is cut off only where something is put in its place.
        if count > common { log = Array(leader.log.prefix(count)) }
        nodes[other].log = log
        let matched = max(common, count)
        nodes[other].commit = max(nodes[other].commit, min(leader.commit, matched))
        if chance(80) {
            nodes[place].match[other + 1] = max(nodes[place].match[other + 1], matched)
            commit(place)
        }
    }

    private mutating func commit(_ place: Int) {
        let node = nodes[place]
        guard node.leads else { return }
        for index in stride(from: node.log.count, to: node.commit, by: -1) where node.log[index - 1].term == node.term {
            let holders = nodes.map(\.id).filter { node.match[Int($0.low)] >= index }
            guard node.voters.isQuorum(holders) else { continue }
            nodes[place].commit = index
            break
        }
        for index in committed.count..<max(committed.count, nodes[place].commit) {
            let entry = node.log[index]
            let before = committed.last?.voters ?? genesis
            committed.append((entry.hash, entry.voters ?? before, now))
        }
        for index in 0..<nodes[place].commit {
            #expect(committed[index].hash == node.log[index].hash, "the world's Raft is wrong at \(index + 1)")
        }
        report(place)
    }

    private mutating func apply(_ place: Int) {
        let node = nodes[place]
        guard node.applied < node.commit else { return }
        let batch = node.log[node.applied..<min(node.commit, node.applied + Int.random(in: 1...12, using: &random))]
        let run = batch.prefix(SealBoundary.run(of: batch.lazy.map(\.time)))
        guard let first = run.first, let last = run.last else { return }
        let point = SealPoint(
            term: last.term,
            index: LogIndex(UInt64(node.applied + run.count)),
            head: last.hash,
            root: Self.root(of: last.hash),
            voters: run.last { $0.voters != nil }?.voters ?? node.voters
        )
        nodes[place].roots.record(point, first: first.time, last: last.time)
        #expect(nodes[place].watch.applied(nodes[place].roots) == nil)
        carry(place, .applied)
        if nodes[place].leads {
            if nodes[place].isVoter { commit(place) } else { follow(nil, in: nodes[place].term, place) }
        }
        collect(place, .applied)
    }

    private mutating func crash(_ place: Int) {
        var node = nodes[place]
        node.signer = SealSigner(lineage: SealingTests.Made.lineage, mark: node.durableMark, term: node.term)
        node.collector = SealCollector(
            lineage: SealingTests.Made.lineage,
            sealedVoters: node.watch.trusted.voters,
            options: Self.options
        )
        node.roots = RootHistory(at: node.roots.newest, time: nil)
        node.leader = nil
        nodes[place] = node
        let own = node.number
        mail.removeAll { $0.to == own && $0.from == own }
    }

    private mutating func wake(_ place: Int) {
        report(place)
        collect(place, .wake)
    }

    /// A leader that was superseded asks for a seal, and what belongs to that overtakes all other letters: links have healed before
    /// it hears of the new term.
    private mutating func insist() {
        let newest = nodes.map(\.term).max() ?? .zero
        let superseded = nodes.indices.filter { nodes[$0].leads && nodes[$0].term < newest }
        guard let place = superseded.randomElement(using: &random) else { return }
        // Disks and keys are done meanwhile.
        let own = mail.filter { $0.from == $0.to }
        mail.removeAll { $0.from == $0.to }
        let waiting = mail.count
        for letter in own { receive(letter, at: Int(letter.to) - 1) }
        wake(place)
        while mail.count > waiting {
            let letter = mail.remove(at: waiting)
            receive(letter, at: Int(letter.to) - 1)
        }
    }

    /// Tells the collector what consensus knows.
    private mutating func report(_ place: Int) {
        let node = nodes[place]
        guard node.leads, node.hasCommittedInTerm else { return }
        collect(place, .leading(node.term))
        collect(
            place,
            .committed(through: LogIndex(UInt64(node.commit)), last: LogIndex(UInt64(node.log.count)))
        )
    }

    private mutating func collect(_ place: Int, _ input: SealCollector.Input) {
        let effects = nodes[place].collector.step(
            input,
            roots: nodes[place].roots,
            at: moment(of: place),
            KeyedHash()
        )
        let own = nodes[place].number
        for effect in effects {
            switch effect {
            case .ask(let statement, let member): mail.append(Mail(from: own, to: member.low, letter: .ask(statement)))
            case .completed(let seal, let transition): completed(seal, transition, by: own)
            case .diverged, .halt: Issue.record("\(effect) where all states are right")
            case .note: break
            }
        }
    }

    private mutating func completed(_ seal: Seal, _ transition: TransitionSeal?, by leader: UInt64) {
        seals.append(Made(seal: seal, leader: leader))
        if transition != nil { transitions += 1 }
        for to in 1...Self.size where to == leader || chance(80) {
            mail.append(Mail(from: leader, to: to, letter: .seal(seal, transition)))
        }
        for place in receivers.indices where chance(80) { receivers[place].mail.append(.init(seal, transition)) }
    }

    private mutating func carry(_ place: Int, _ input: SealSigner.Input) {
        let own = nodes[place].number
        for effect in nodes[place].signer.step(input, roots: nodes[place].roots, at: moment(of: place)) {
            switch effect {
            case .persist(let mark): mail.append(Mail(from: own, to: own, letter: .persisted(mark)))
            case .sign(let statement):
                #expect(nodes[place].durableMark == SealMark(statement), "signed what is not durable")
                mail.append(Mail(from: own, to: own, letter: .sign(statement)))
            case .answer(let answer, let member):
                mail.append(Mail(from: own, to: member.low, letter: .answer(answer)))
            }
        }
    }

    private mutating func deliver() {
        guard !mail.isEmpty else { return }
        let place = Int.random(in: mail.indices, using: &random)
        let letter = mail[place]
        let isOwn = letter.from == letter.to
        // The own disk and key answer once; the network may lose, and may repeat.
        if isOwn || !chance(5) { mail.remove(at: place) }
        if !isOwn, chance(5) { return }
        receive(letter, at: Int(letter.to) - 1)
    }

    private mutating func receive(_ mail: Mail, at place: Int) {
        switch mail.letter {
        case .ask(let statement): carry(place, .asked(statement, by: MemberID(mail.from)))
        case .answer(let answer): collect(place, .answered(answer, by: MemberID(mail.from)))
        case .persisted(let mark):
            nodes[place].durableMark = mark
            carry(place, .persisted(mark))
        case .sign(let statement):
            let signature = SealingTests.Made.signature(statement, by: mail.to)
            carry(place, .signed(statement, signature.bytes))
        case .seal(let seal, let transition):
            watch(seal, transition, at: place)
            collect(place, .sealed(by: nodes[place].watch.trusted.voters))
        }
    }

    private mutating func watch(_ seal: Seal, _ transition: TransitionSeal?, at place: Int) {
        let wall = moment(of: place).wall
        let roots = nodes[place].roots
        let divergence =
            transition.map { try? nodes[place].watch.accept($0, roots: roots, at: wall, KeyedHash()) }
            ?? (try? nodes[place].watch.accept(seal, roots: roots, at: wall, KeyedHash()))
        #expect((divergence ?? nil) == nil)
    }
}
