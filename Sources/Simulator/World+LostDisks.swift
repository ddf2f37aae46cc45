internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// Members that lose their disks, and by what they are known then.
extension World {
    /// The name of a member's data directory.
    static func instance(of member: MemberID, losses: Int) -> Digest {
        Digest.of(Array("disks of \(member.uuid) \(member.incarnation), made anew \(losses) times".utf8))
    }

    /// The process ends and starts again a little later, as it would on a machine whose disks were replaced.
    ///
    /// - Returns: False where that is left out.
    mutating func wipeDisks(_ node: Int) -> Bool {
        guard membership.isForEdge(node) ? isEdge(node) : mayLoseDisks(node) else {
            record(.member("\(members[node]) keeps its disks: that would be more than is promised"), node: node)
            return false
        }
        if machines[node].isUp {
            machines[node].endProcess()
            closeLinks(of: node)
            reviewLinks(of: node)
        }
        if isFounder(node) { foundAgain(node) } else { clearDisks(node) }
        machines[node].losses += 1
        machines[node].instance = Self.instance(of: members[node], losses: machines[node].losses)
        machines[node].isDiskHung = false
        machines[node].hasHungWrite = false
        membership.set(.lost, of: node)
        record(.member("\(members[node]) has lost its disks"), node: node)
        recordState(node)
        queue.schedule(.start(node: node), at: now.advanced(by: .seconds(1)))
        beginOperating(at: now.advanced(by: .seconds(2)))
        return true
    }

    /// One good copy is left of whatever is committed, those who are left can remove the member, and everybody knows by which
    /// data directory to know it: a node that does not would take it for what it was, which decision 14 leaves open.
    private func mayLoseDisks(_ node: Int) -> Bool {
        let others = machines.indices.filter { $0 != node && membership.isPresent($0) }
        let voters = machines.indices.count(where: membership.isVoter)
        return membership.isMember(node) && !membership.hasLost
            && others.count(where: membership.isVoter) > voters / 2
            && others.allSatisfy { other in
                machines[other].log.damage.isEmpty && machines[other].log.lost == nil
                    && record(of: members[node], on: other)?.instance == machines[node].instance
            }
    }

    private func record(of member: MemberID, on node: Int) -> MemberRecord? {
        try? DirectoryView(machines[node].state.current.pairs, codec: options.codec).member(member)
    }

    private func isFounder(_ node: Int) -> Bool { !hasRestored && founders.contains(members[node]) }

    /// A node that joined has named its data directory by then, and does not begin another one.
    mutating func refusesToStart(_ node: Int) -> Bool {
        guard membership.isLost(node), !isFounder(node) else { return false }
        record(.member("\(members[node]) does not start: its data is not there"), node: node)
        return true
    }
}

/// What a node does to be known by its data directory and its seal key.
extension World {
    static let claimInterval = Span.seconds(1)
    private static let claimPatience = Span.seconds(5)

    /// Nobody asks for the name where no disk is wiped, so that it need not be in the log.
    mutating func scheduleClaim(_ node: Int, after pause: Span) {
        guard options.scenario.wipesDisks || namesSealKeys, let process = machines[node].process else { return }
        guard process.replica.haltReason == nil else { return }
        queue.schedule(.claim(node: node, process: machines[node].generation), at: now.advanced(by: pause))
    }

    mutating func claim(_ node: Int) throws(Violation) {
        let member = members[node]
        guard let known = record(of: member, on: node) else {
            return scheduleClaim(node, after: Self.claimInterval)
        }
        guard let body = openClaim(of: node, known) else { return }
        scheduleClaim(node, after: Self.claimPatience)
        let command = Command(
            caller: .node(member),
            authenticatedBy: member,
            idempotencyKey: "claim-\(now.microseconds)",
            notAfter: VirtualClock.trueWall(at: now).advanced(by: .seconds(3600)),
            body: body
        )
        try submit(command, ofItsOwn: node, within: Self.claimPatience)
    }

    /// What the log does not say of the node yet; nil when it says all.
    private func openClaim(of node: Int, _ known: MemberRecord) -> CommandBody? {
        let instance = machines[node].instance
        if options.scenario.wipesDisks, known.instance != instance { return .claimMember(instance: instance) }
        let key = sealKey(of: node)
        guard machines[node].state.current.facts.featureLevel >= .seals else { return nil }
        return namesSealKeys && known.sealKey != key ? .claimSealKey(key) : nil
    }

    /// What a node, or somebody of whom no history is kept, wants of it.
    mutating func submit(_ command: Command, ofItsOwn node: Int, within patience: Span) throws(Violation) {
        let bytes: [UInt8]
        do throws(UnloggableCommand) { bytes = try options.codec.loggedBytes(of: command) } catch {
            return record(.client("refused: \(error)"), node: node)
        }
        guard let id = machines[node].process?.request(for: nil, attempt: 0) else { return }
        let deadline = machines[node].clock.monotonic(at: now).advanced(by: patience)
        let change = command.body.memberChange
        let level = command.clusterLevel
        try step(node, .submit([.init(id: id, command: bytes, level: level, change: change, deadline: deadline)]))
    }

    /// A node of which the log says that it is elsewhere ends.
    mutating func claimed(_ node: Int, _ reply: ReplicaNode.Reply) {
        record(.client("own request: \(reply.summary)"), node: node)
        guard case .applied(.refused(let refusal)) = reply, refusal.code == .identityClaimed else { return }
        let process = machines[node].generation
        queue.schedule(.crash(node: node, process: process, .process, downFor: .seconds(5)), at: now)
    }
}
