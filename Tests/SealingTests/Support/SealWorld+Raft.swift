import Kernel
import Sealing
import Testing

/// What seals rest on: elections, appends, commits, changes of the voters.
extension SealWorld {
    /// Half of the time logs come to rest: a leader that has lost its followers cannot seal what it proposes then.
    var isQuiet: Bool { now / 150 % 2 == 1 }

    mutating func elect(_ place: Int) {
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

    func isDeaf(_ place: Int) -> Bool { nodes[place].deafUntil > now }

    func hasUnappliedChange(_ node: Node) -> Bool {
        node.applied < node.commit && node.log[node.applied..<node.commit].contains { $0.voters != nil }
    }

    mutating func follow(_ leader: MemberID?, in term: Term, _ place: Int) {
        guard nodes[place].term != term || nodes[place].leader != leader else { return }
        nodes[place].term = term
        nodes[place].leader = leader
        carry(place, .following(leader: leader, in: term))
        if leader != nodes[place].id { collect(place, .notLeading) }
    }

    mutating func append(_ place: Int, voters: VoterSet?) {
        let node = nodes[place]
        let time = max(node.log.last?.time ?? .distantPast, moment(of: place).wall)
        let before = node.log.last?.hash ?? .zero
        let text = "\(node.term) \(node.number) \(node.log.count) \(time) \(voters?.digest.hex ?? "")"
        let hash = Digest.of(before.bytes + Array(text.utf8))
        nodes[place].log.append(Entry(term: node.term, time: time, hash: hash, voters: voters))
        nodes[place].match[Int(node.number)] = nodes[place].log.count
        commit(place)
    }

    mutating func propose(_ place: Int, change: VoterSet?) {
        guard nodes[place].leads, nodes[place].log.count - nodes[place].applied < 40 else { return }
        append(place, voters: change)
        if change != nil { nodes[place].pendingChange = nodes[place].log.count }
    }

    /// Leaves a joint set, enters one, or adds or removes one voter.
    mutating func change(_ place: Int) {
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

    mutating func replicate(from place: Int, to other: Int) {
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

    mutating func commit(_ place: Int) {
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

    mutating func apply(_ place: Int) {
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
}
