internal import Consensus
package import JSON
package import Kernel
internal import Replica
internal import Sealing

/// What every machine of a world is at a moment, as far as it can be told in a few fields.
package struct WorldState: Hashable, Sendable {
    package let time: Instant
    package let step: UInt64
    package let machines: [Machine]

    package struct Machine: Hashable, Sendable {
        package let name: String
        package let fields: [JSONMember]
    }

    package struct Change: Hashable, Sendable {
        package let machine: String
        package let field: String
        /// Null where there was nothing.
        package let before: JSONValue
        package let after: JSONValue
    }

    package init(_ world: World) {
        time = world.now
        step = world.steps
        machines = world.machines.indices.map { Machine(name: "n\($0 + 1)", fields: world.fields(of: $0)) }
    }

    /// What is otherwise in a later state.
    package func changes(to later: WorldState) -> [Change] {
        zip(machines, later.machines).flatMap { before, after in
            let names =
                before.fields.map(\.name)
                + after.fields.map(\.name).filter { name in
                    !before.fields.contains { $0.name == name }
                }
            return names.compactMap { name -> Change? in
                let (old, new) = (before[name], after[name])
                return old == new ? nil : Change(machine: before.name, field: name, before: old, after: new)
            }
        }
    }

    package var json: JSONValue {
        [
            "time": .instant(time), "step": .count(step),
            "machines": .array(
                machines.map { .object([JSONMember(name: "machine", value: .string($0.name))] + $0.fields) }
            ),
        ]
    }
}

extension WorldState.Machine {
    subscript(name: String) -> JSONValue { fields.first { $0.name == name }?.value ?? .null }
}

extension WorldState.Change {
    package var json: JSONValue {
        ["machine": .string(machine), "field": .string(field), "before": before, "after": after]
    }
}

extension World {
    fileprivate func fields(of node: Int) -> [JSONMember] {
        (disks(of: node) + process(of: node)).map { JSONMember(name: $0.0, value: $0.1) }
    }

    /// What outlives a process.
    private func disks(of node: Int) -> [(String, JSONValue)] {
        let machine = machines[node]
        let hardState = machine.log.hardState
        return [
            ("member", .string("\(members[node])")),
            ("isMember", .bool(membership.isPresent(node))),
            ("isRunning", .bool(machine.isUp)),
            ("process", .count(machine.generation)),
            ("termOnDisk", .count(hardState.term.number)),
            ("voteOnDisk", hardState.vote.map { .string(name(of: $0)) } ?? .null),
            ("firstIndex", .count(machine.log.firstIndex.number)),
            ("lastOnDisk", .string("\(machine.log.last)")),
            ("writesPending", .count(machine.log.pendingCount)),
            ("stateOnDisk", .count(machine.state.current.point.position.index.number)),
            ("stateRoot", .string("\(machine.state.current.facts.stateRoot)")),
            ("statementsOnDisk", .count(machine.statements.items.count)),
            ("damagedEntries", .count(machine.log.damage.reduce(0) { $0 + $1.last.number - $1.first.number + 1 })),
            ("clockErrorMilliseconds", .integer(machine.clock.wallErrorMilliseconds)),
            ("diskSlowness", .count(machine.diskSlowness)),
            ("isDiskHung", .bool(machine.isDiskHung)),
            ("reaches", .string(reachable(from: node))),
        ]
    }

    /// What the node says of itself.
    private func process(of node: Int) -> [(String, JSONValue)] {
        guard let process = machines[node].process else { return [] }
        let replica = process.replica
        return [
            ("role", .string("\(replica.role)")),
            ("term", .count(replica.term.number)),
            ("leader", replica.leader.map { .string(name(of: $0)) } ?? .null),
            ("last", .string("\(replica.lastPosition)")),
            ("committed", .count(replica.commitIndex.number)),
            ("applied", .count(replica.applied.position.index.number)),
            ("voters", .string(replica.configuration.voters.map(name(of:)).joined(separator: " "))),
            ("votersOutgoing", .string(replica.configuration.votersOutgoing.map(name(of:)).joined(separator: " "))),
            ("isServing", .bool(process.isServing)),
            ("statementsPending", .count(replica.pendingStatementCount)),
            ("messagesHeld", .count(process.held.count)),
            ("clientsWaiting", .count(process.requests.count)),
            ("newestSeal", replica.newestSeal.map { .string("\($0.statement)") } ?? .null),
            ("isProven", .bool(replica.isProven)),
            ("followedVoters", replica.followedVoters.map { .string(names(of: $0.0)) } ?? .null),
            ("succession", .string(succession(of: machines[node].sealMemory))),
            ("halted", replica.haltReason.map { .string($0) } ?? .null),
        ]
    }

    private func names(of voters: VoterSet) -> String {
        voters.voters.map { name(of: $0.member) }.joined(separator: " ")
    }

    /// How voters came from others, as far as a node could tell.
    private func succession(of memory: SealMemory) -> String {
        let steps = memory.succession.steps
        return steps.map { "\($0.predecessor) \($0.statement): \(names(of: $0.voters))" }.joined(separator: "; ")
    }

    private func name(of member: MemberID) -> String { number(of: member).map { "n\($0 + 1)" } ?? "\(member)" }

    private func reachable(from node: Int) -> String {
        let others = machines.indices.filter { $0 != node && network.connects(node, $0) }
        return others.map { "n\($0 + 1)" }.joined(separator: " ")
    }
}
