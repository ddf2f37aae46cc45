import Consensus
import Directory
import Gossip
import Identity
import Kernel
import Replica
import Simulator
import TestSupport

/// What every run begins with: moments of an honest cluster's life. Values, so no run can see what another did.
enum Scene {
    static let all = Rehearsal.play()
    static let groups = all.groups
    /// Of each kind of message some that were really sent.
    static let letters = all.letters

    static let warrant = WarrantSpec(
        name: "fuzz",
        key: KeyedHash.publicKey("fuzz"),
        scope: .everybody,
        level: .quarantine,
        expiresAt: MemoryNode.start.advanced(by: .seconds(3600)),
        budget: 4
    )

    static func signed(_ statement: Statement) -> SignedStatement {
        let signature = KeyedHash.signature(of: statement.signedBytes, by: warrant.key)
        return SignedStatement(statement, signature: signature)
    }
}

/// Lets a cluster live through what can happen to it, and keeps copies of the moments at which a message matters most.
private struct Rehearsal {
    private var group = Group()
    private var letters: [Group.Letter] = []
    private var counts: [String: Int] = [:]
    private var submitted = 0
    private static let lettersOfKind = 6

    static func play() -> (groups: [Group], letters: [Group.Letter]) {
        var rehearsal = Rehearsal()
        let groups =
            [rehearsal.group] + rehearsal.elect() + [rehearsal.write(), rehearsal.read(), rehearsal.catchUp()]
            + rehearsal.state() + rehearsal.seal()
            + [rehearsal.repair(), rehearsal.join(), rehearsal.promote()] + rehearsal.follow()
            + [rehearsal.transfer()]
        return (groups, rehearsal.letters)
    }

    private mutating func elect() -> [Group] {
        let asking = moment("preVoteRequest")
        let voting = moment("voteResponse")
        let accepting = moment("appendAccepted")
        rest()
        return [asking, voting, accepting]
    }

    /// A follower forwards a command, and the leader sends it on.
    private mutating func write() -> Group {
        submit(role(1), at: group.follower)
        let forwarding = moment("forward")
        rest()
        return forwarding
    }

    private mutating func read() -> Group {
        if let follower = group.follower {
            group.step(follower, .awaitCurrent(RequestID(900), deadline: Instant(microseconds: .max)))
        }
        let answering = moment("readIndexResponse")
        rest()
        return answering
    }

    /// A follower misses so much that it needs a snapshot, which has been sent in part.
    private mutating func catchUp() -> Group {
        group.isolated = group.follower
        for number in 2..<40 {
            submit(role(number), at: group.leader)
            rest(rounds: 3)
        }
        group.isolated = nil
        _ = moment("snapshotAcknowledged")
        let transferring = moment("snapshot")
        rest()
        return transferring
    }

    /// A follower is brought a statement, which it tells the others and the leader puts into the log.
    private mutating func state() -> [Group] {
        submit(.issueWarrant(Scene.warrant), at: group.leader)
        submit(.put(.principal(PrincipalSpec(id: Self.agent)), .none), at: group.leader)
        rest()
        let statement = Statement(
            lineage: Group.lineage,
            warrant: Scene.warrant.name,
            sequence: 1,
            kind: .quarantine,
            subject: .principal(Self.agent),
            reason: "it acts oddly",
            issuedAt: MemoryNode.start
        )
        if let follower = group.follower {
            let deadline = Instant(microseconds: .max)
            group.step(follower, .make(RequestID(902), Scene.signed(statement), deadline: deadline))
        }
        let telling = moment("statements")
        let holding = moment("statementsHeld")
        rest()
        return [telling, holding]
    }

    private static let agent: PrincipalID = {
        guard let agent = PrincipalID(parsing: "agent/odd") else { fatalError("agent/odd is a name") }
        return agent
    }()

    /// The voters name keys, and seal from then on.
    private mutating func seal() -> [Group] {
        for number in 0..<3 { claimSealKey(number) }
        let asking = moment("sealWanted")
        let signing = moment("sealAnswered")
        let telling = moment("sealed")
        rest()
        return [asking, signing, telling]
    }

    private mutating func claimSealKey(_ number: Int) {
        let member = Group.members[number]
        submitted += 1
        group.submit(.claimSealKey(Station.sealKey(of: member)), by: .node(member), at: number)
        rest()
    }

    private mutating func repair() -> Group {
        // The oldest that they hold have left their memories.
        for number in group.stations.indices where group.stations[number].node.role == .follower {
            group.rot(number, group.stations[number].node.firstIndex)
        }
        let answering = moment("entriesFound")
        rest()
        return answering
    }

    private mutating func join() -> Group {
        join("n4", Group.members[3])
        let greeting = moment("snapshot")
        rest()
        return greeting
    }

    private mutating func join(_ name: String, _ id: MemberID, isEdge: Bool = false) {
        let secret = Digest.of([4])
        submit(
            .issueJoinTicket(
                JoinTicket(
                    name: name,
                    raftAddress: "127.0.0.1:\(id.low)",
                    apiAddresses: ["127.0.0.1:\(id.low + 10)"],
                    secretDigest: secret,
                    expiresAt: MemoryNode.start.advanced(by: .seconds(3600)),
                    isEdge: isEdge
                )
            ),
            at: group.leader
        )
        rest()
        let joining = Joining(
            name: name,
            secretDigest: secret,
            id: id,
            keyFingerprint: .of([UInt8(truncatingIfNeeded: id.low), 4]),
            instance: .of([UInt8(truncatingIfNeeded: id.low), 5])
        )
        guard let leader = group.leader else { return }
        submitted += 1
        let body = isEdge ? CommandBody.joinEdge(joining) : .join(joining)
        group.submit(body, by: .node(Group.members[leader]), at: leader)
    }

    /// An edge joins, follows, is brought a statement, and misses how the voters change.
    private mutating func follow() -> [Group] {
        join("e5", Group.members[Group.edge], isEdge: true)
        rest()
        if let leader = group.leader { group.beginEdge(from: leader) }
        let comparing = moment("summary")
        rest()
        invariant(group.stations[Group.edge].node.isServing, "the edge does not serve")
        submit(role(90), at: group.leader)
        let spreading = moment("entries")
        let sealing = moment("record")
        rest()
        group.isolated = Group.edge
        submit(.removeMember(Group.members[3]), at: group.leader)
        rest()
        group.isolated = nil
        let asking = moment("successionWanted")
        let leading = moment("succession")
        rest()
        let applied = group.stations.map { $0.node.applied.position.index }
        invariant(applied[Group.edge] == applied[0], "the edge is at \(applied[Group.edge]), a voter at \(applied[0])")
        return [comparing, spreading, sealing, asking, leading]
    }

    private mutating func promote() -> Group {
        claimSealKey(3)
        submit(.promoteMember(Group.members[3]), at: group.leader)
        let changing = moment("appendAccepted")
        _ = moment("sealedByOthers")
        rest()
        return changing
    }

    private mutating func transfer() -> Group {
        if let leader = group.leader {
            let deadline = Instant(microseconds: .max)
            group.step(leader, .transferLeadership(RequestID(901), to: nil, deadline: deadline))
        }
        let carriedOut = group.stations.reduce(0) { $0 + $1.carriedOut }
        invariant(carriedOut == submitted, "\(carriedOut) of \(submitted) commands were carried out")
        return moment("timeoutNow")
    }

    private mutating func submit(_ body: CommandBody, at number: Int?) {
        guard let number else { return }
        submitted += 1
        group.submit(body, at: number)
    }

    private func role(_ number: Int) -> CommandBody {
        .put(.role(RoleSpec(name: "role-\(number)", description: String(repeating: "x", count: 100))), .none)
    }

    /// Goes on until a message of a kind is about to arrive, and returns what is then.
    private mutating func moment(_ kind: String) -> Group {
        for _ in 0..<20_000 {
            if group.underWay.contains(where: { $0.message.kind == kind }) { return group }
            advance()
        }
        fatalError("no \(kind) is ever sent")
    }

    private mutating func rest(rounds: Int = 100) {
        var left = rounds
        while left > 0 {
            if group.underWay.isEmpty { left -= 1 }
            advance()
        }
    }

    /// Delivers what is under way, in order; when there is nothing, ten milliseconds pass.
    private mutating func advance() {
        guard let letter = group.take(0) else {
            for number in group.stations.indices { group.pass(number, .milliseconds(10)) }
            return
        }
        let count = counts[letter.message.kind, default: 0]
        if count < Self.lettersOfKind { letters.append(letter) }
        counts[letter.message.kind] = count + 1
        group.deliver(letter)
    }
}

extension PeerMessage {
    fileprivate var kind: String {
        let text =
            switch body {
            case .raft(let message, _): "\(message.body)"
            case .gossip(let message): "\(message)"
            default: "\(body)"
            }
        return String(text.prefix { $0 != "(" })
    }
}
