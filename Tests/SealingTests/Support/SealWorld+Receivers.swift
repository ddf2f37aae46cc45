import Kernel
import Sealing
import Testing

extension SealWorld {
    /// Somebody outside the voters, who believes seals alone.
    struct Receiver {
        struct Item {
            let seal: Seal
            let transition: TransitionSeal?

            init(_ seal: Seal, _ transition: TransitionSeal?) {
                self.seal = seal
                self.transition = transition
            }
        }

        var log: SealedLog
        var mail: [Item] = []
        /// What it has applied, by the links that it took.
        var applied: [Digest] = []
        var held: [Digest] = []
        var refusedForgeries = 0
    }

    /// Gives a receiver a link of some node's log, committed or not, or a seal, or what leads it to the voters of now.
    mutating func feed(_ place: Int, from node: Int) {
        if chance(10) {
            let head = receivers[place].log.trusted
            for step in nodes[node].watch.succession.steps(from: head.voters.digest, since: head.time) {
                send(.transition(step), to: place)
            }
        }
        if !receivers[place].mail.isEmpty, chance(30) {
            let next = Int.random(in: receivers[place].mail.indices, using: &random)
            let item = chance(20) ? receivers[place].mail[next] : receivers[place].mail.remove(at: next)
            send(item.transition.map { .transition($0) } ?? .seal(item.seal), to: place)
        }
        for _ in 0..<12 {
            var index = Int(receivers[place].log.nextIndex.number)
            if chance(10) { index += Int.random(in: -3...3, using: &random) }
            guard index >= 1, index <= nodes[node].log.count else { continue }
            sendLink(index, of: nodes[node].log, to: place)
        }
    }

    private mutating func sendLink(_ index: Int, of log: [Entry], to place: Int) {
        let hash = log[index - 1].hash
        let previous = index == 1 ? Digest.zero : log[index - 2].hash
        let before = receivers[place].log.nextIndex
        let link = ChainLink(index: LogIndex(UInt64(index)), previousHash: previous, hash: hash)
        let effects = receivers[place].log.step(.link(link), at: wall, KeyedHash())
        if !effects.contains(where: \.isRefusal), link.index == before { receivers[place].held.append(hash) }
        follow(effects, at: place)
    }

    mutating func send(_ input: SealedLog.Input, to place: Int, isForged: Bool = false) {
        let before = receivers[place].log
        let effects = receivers[place].log.step(input, at: wall, KeyedHash())
        if isForged {
            #expect(receivers[place].log == before, "a forged seal was taken: \(input)")
            if effects.contains(where: \.isRefusal) { receivers[place].refusedForgeries += 1 }
        }
        follow(effects, at: place)
    }

    /// Receivers' clocks are as good as the nodes' are.
    private var wall: WallTime { Moment(now + 200).wall }

    private mutating func follow(_ effects: [SealedLog.Effect], at place: Int) {
        for effect in effects {
            switch effect {
            case .mayApply(let index):
                let count = Int(index.number) - receivers[place].applied.count
                #expect(count > 0, "a receiver goes back to \(index)")
                #expect(count <= receivers[place].held.count, "a receiver goes over a gap to \(index)")
                receivers[place].applied += receivers[place].held.prefix(count)
                receivers[place].held.removeFirst(count)
                let head = receivers[place].applied[Int(index.number) - 1]
                for (own, truth) in zip(receivers[place].applied, committed) {
                    #expect(own == truth.hash, "a receiver applied what was not committed")
                }
                #expect(receivers[place].applied.count <= committed.count)
                let root = Self.root(of: head)
                #expect(receivers[place].log.step(.applied(index, root: root), at: wall, KeyedHash()).isEmpty)
            case .discard(let index):
                #expect(Int(index.number) == receivers[place].applied.count)
                receivers[place].held = []
            case .snapshotWanted, .mayInstall, .halt: Issue.record("\(effect) where all voters are right")
            case .linkRefused, .sealRefused, .snapshotRefused: break
            }
        }
    }

    /// Somebody without a quorum of the keys in force: changes a seal, or has the keys of all who vote no more and of a minority.
    mutating func forge() {
        guard let real = seals.randomElement(using: &random)?.seal, let newest = committed.last?.voters else { return }
        let place = Int.random(in: receivers.indices, using: &random)
        let claim = real.statement.claim
        let forged = SealStatement(
            lineage: real.statement.lineage,
            term: real.statement.term,
            claim: StateClaim(
                index: LogIndex(claim.index.number + UInt64.random(in: 0...30, using: &random)),
                head: .of(claim.head.bytes),
                root: claim.root,
                voters: chance(50) ? claim.voters : newest.digest
            ),
            time: real.statement.time.advanced(by: .milliseconds(UInt64.random(in: 0...400, using: &random)))
        )
        // A receiver may still know former voters; what it knows them to be, they were when their keys were good.
        let known = receivers[place].log.trusted.voters
        let stolen = (1...Self.size).filter {
            newest.key(of: MemberID($0)) == nil && known.key(of: MemberID($0)) == nil
        }
        let minority = known.members.map(\.low).prefix(known.voters.count / 2 - (known.isJoint ? 1 : 0))
        let keys = Set(stolen).union(minority.prefix((known.members.count - 1) / 2)).sorted()
        guard !known.isQuorum(keys.map { MemberID($0) }) else { return }
        forgeries += 1
        let bySome = Seal(
            statement: forged,
            signatures: keys.map { SealingTests.Made.signature(forged, by: $0) }
        )
        send(.seal(bySome), to: place, isForged: true)
        send(.seal(Seal(statement: forged, signatures: real.signatures)), to: place, isForged: true)
        let transition = TransitionSeal(
            seal: bySome,
            voters: newest,
            predecessor: known.digest,
            endorsements: bySome.signatures
        )
        // Who has a minority of the known set and none of a later one cannot lead on from it either.
        if newest != known { send(.transition(transition), to: place, isForged: true) }
    }
}

extension SealedLog.Effect {
    fileprivate var isRefusal: Bool {
        switch self {
        case .linkRefused, .sealRefused, .snapshotRefused: true
        case .mayApply, .discard, .snapshotWanted, .mayInstall, .halt: false
        }
    }
}
