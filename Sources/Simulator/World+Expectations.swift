internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// What a scenario expects besides the invariants.
extension World {
    /// A node that has been cut off since it was asked cannot have had a quorum's word.
    func expectMajority(_ number: Int, at node: Int) throws(Violation) {
        guard options.scenario.expectations.contains(.minorityAcknowledgesNothing) else { return }
        let operation = operations[number]
        guard operation.attempts == 1, operation.networkEpoch == network.epoch, !reachesQuorum(node) else { return }
        throw Violation(
            .expectation,
            "n\(node + 1), which reaches no quorum, acknowledges operation \(number) sent meanwhile"
        )
    }

    func reachesQuorum(_ node: Int) -> Bool {
        guard let configuration = machines[node].process?.replica.configuration else { return false }
        return [configuration.voters, configuration.votersOutgoing].filter { !$0.isEmpty }
            .allSatisfy { voters in
                let reached = voters.compactMap(number(of:)).count { network.reaches(node, $0) }
                return reached > voters.count / 2
            }
    }

    /// The standing grant was refused by a node that knows the time well enough to judge it.
    func expectGrant(allowed: Bool, at node: Int) throws(Violation) {
        guard !allowed, options.scenario.expectations.contains(.grantsHold), standingGrantIsKnown(at: node) else {
            return
        }
        throw Violation(
            .expectation,
            "n\(node + 1) denies the standing grant, which ends at \(Population.standingExpiry);"
                + " the true time is \(VirtualClock.trueWall(at: now))"
        )
    }

    private func standingGrantIsKnown(at node: Int) -> Bool {
        guard workload.isSetUp, let setup = operations.last(where: \.isSetup), case .done(let done) = setup.outcome
        else {
            return false
        }
        let process = machines[node].process
        return process?.freshness != nil && machines[node].state.current.point.position.index >= done.revision
    }

    /// What can be judged only at the end.
    package func checkExpectations() throws(Violation) {
        for expectation in options.scenario.expectations {
            switch expectation {
            case .grantsHold, .minorityAcknowledgesNothing: continue
            case .leaders(let count):
                guard leadership.leaderCount < count else { continue }
                throw Violation(.expectation, "\(leadership.leaderCount) members led, \(count) were to")
            case .snapshots(let count):
                guard snapshotCount < count else { continue }
                throw Violation(.expectation, "\(snapshotCount) snapshots were installed, \(count) were to")
            case .replaced(let count): try expect(replacedCount, "voters began anew", atLeast: count)
            case .refused(let count): try expect(refusalCount, "messages were refused", atLeast: count)
            case .lost(let count):
                let lost = operations.count { if case .lost = $0.outcome { true } else { false } }
                try expect(lost, "acknowledged writes were lost", atLeast: count)
            case .lies(let count): try expect(lieCount, "lies were told", atLeast: count)
            case .statementsWithoutQuorum(let count):
                try expect(statementsWithoutQuorum, "statements were in force without a quorum", atLeast: count)
            case .halts(let count): try expect(haltCount, "times a node met what it does not know", atLeast: count)
            case .thievesRefused(let count): try expect(thieves.refused, "times a thief was refused", atLeast: count)
            case .featureLevel(let level): try expectLevel(level)
            case .writesResume(let span):
                for (_, fault) in scenarioFaults {
                    let deadline = fault.time.advanced(by: span)
                    guard deadline <= loadEnds, isWriteWanted(from: fault.time, to: deadline),
                        !acknowledgements.contains(where: { $0 > fault.time && $0 <= deadline })
                    else { continue }
                    throw Violation(
                        .expectation,
                        "no write was acknowledged within \(span.milliseconds) ms after: \(fault.fault.summary)"
                    )
                }
            }
        }
    }

    private func expect(_ found: Int, _ what: String, atLeast count: Int) throws(Violation) {
        guard found < count else { return }
        throw Violation(.expectation, "\(found) \(what), \(count) were to")
    }

    private var replacedCount: Int {
        members.indices.count { members[$0].incarnation > 1 && membership.isVoter($0) }
    }

    /// Whether a client waited for a write at some time in between. Where none did, none can be missed.
    private func isWriteWanted(from start: Instant, to end: Instant) -> Bool {
        operations.contains { operation in
            guard case .write = operation.intent else { return false }
            return operation.invokedAt < end && operation.returnedAt.map { $0 > start } ?? true
        }
    }
}
