import Kernel
import Sealing
import Testing

/// How signers, collectors and watches are driven, and what the network does with their letters.
extension SealWorld {
    mutating func crash(_ place: Int) {
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

    mutating func wake(_ place: Int) {
        report(place)
        collect(place, .wake)
    }

    /// A leader that was superseded asks for a seal, and what belongs to that overtakes all other letters: links have healed before
    /// it hears of the new term.
    mutating func insist() {
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
    mutating func report(_ place: Int) {
        let node = nodes[place]
        guard node.leads, node.hasCommittedInTerm else { return }
        collect(place, .leading(node.term))
        collect(
            place,
            .committed(through: LogIndex(UInt64(node.commit)), last: LogIndex(UInt64(node.log.count)))
        )
    }

    mutating func collect(_ place: Int, _ input: SealCollector.Input) {
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

    mutating func completed(_ seal: Seal, _ transition: TransitionSeal?, by leader: UInt64) {
        seals.append(Made(seal: seal, leader: leader))
        if transition != nil { transitions += 1 }
        for to in 1...Self.size where to == leader || chance(80) {
            mail.append(Mail(from: leader, to: to, letter: .seal(seal, transition)))
        }
        for place in receivers.indices where chance(80) { receivers[place].mail.append(.init(seal, transition)) }
    }

    mutating func carry(_ place: Int, _ input: SealSigner.Input) {
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

    mutating func deliver() {
        guard !mail.isEmpty else { return }
        let place = Int.random(in: mail.indices, using: &random)
        let letter = mail[place]
        let isOwn = letter.from == letter.to
        // The own disk and key answer once; the network may lose, and may repeat.
        if isOwn || !chance(5) { mail.remove(at: place) }
        if !isOwn, chance(5) { return }
        receive(letter, at: Int(letter.to) - 1)
    }

    mutating func receive(_ mail: Mail, at place: Int) {
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

    mutating func watch(_ seal: Seal, _ transition: TransitionSeal?, at place: Int) {
        let wall = moment(of: place).wall
        let roots = nodes[place].roots
        let divergence =
            transition.map { try? nodes[place].watch.accept($0, roots: roots, at: wall, KeyedHash()) }
            ?? (try? nodes[place].watch.accept(seal, roots: roots, at: wall, KeyedHash()))
        #expect((divergence ?? nil) == nil)
    }
}
