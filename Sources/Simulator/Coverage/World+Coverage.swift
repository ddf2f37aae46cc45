internal import Consensus
internal import Replica

/// What a run has seen.
extension World {
    /// A message is about to be given to a node.
    mutating func noteCoverage(_ node: Int, _ message: PeerMessage) {
        guard let role = membership.isForEdge(node) ? .edge : machines[node].process?.replica.coverageRole else {
            return
        }
        coverage.note(role, message.subject, under: faultsInForce.current(at: now))
    }

    /// A fault without duration is about to happen. One that hits nothing counts for nothing.
    mutating func noteHappening(_ fault: Fault) {
        switch fault {
        case .crash(let target, _, _), .stop(let target, _), .crashLoop(let target, _, _, _):
            guard let node = find(target), machines[node].isUp, let kind = fault.kind else { return }
            faultsInForce.happened(kind, at: now)
        case .revokeAgents, .state: faultsInForce.happened(.revocation, at: now)
        // It has yet to come.
        case .crashDuringWrite, .crashWhenElected, .failWrite: break
        // What has come of these is seen afterwards.
        case .rotLog, .misdirectWrite, .isolate, .split, .cut, .clog, .network, .slowDisk, .hangDisk, .fillDisk, .pause,
            .stepClock:
            break
        case .handOver, .upgrade, .raiseFeatureLevel, .theft, .wipeDisks, .poison, .backup, .restoreBackup, .byzantine:
            break
        case .healNetwork, .correctClocks, .repairAll: break
        }
    }

    /// A fault has happened, or a repair.
    mutating func noteInForce(after fault: Fault) {
        switch fault {
        case .rotLog, .misdirectWrite:
            guard let kind = fault.kind, machines.contains(where: { !$0.log.damage.isEmpty }) else { break }
            faultsInForce.happened(kind, at: now)
        default: break
        }
        noteStanding()
    }

    /// What lasts has begun or ended.
    mutating func noteStanding() {
        let standing: [(FaultClass, Bool)] = [
            (.isolation, network.isolatesSome), (.split, network.isSplit), (.cut, network.cutsSome),
            (.network, !network.isUsual), (.bandwidth, network.quality.bandwidth != nil),
            (.clog, network.clogsSome(at: now)),
            (.slowDisk, machines.contains { $0.diskSlowness > 1 }), (.hungDisk, machines.contains(where: \.isDiskHung)),
            (.fullDisk, machines.contains { $0.fullUntil != nil }), (.pause, machines.contains { $0.pause != nil }),
            (.clock, machines.contains { !$0.clock.isGood }),
        ]
        faultsInForce.lasting = FaultSet(standing.filter { $0.1 }.map { FaultSet($0.0) })
    }
}

extension ReplicaNode {
    fileprivate var coverageRole: Coverage.Role {
        switch role {
        case .follower: configuration.learners.contains(member) ? .learner : .follower
        case .preCandidate: .preCandidate
        case .candidate: .candidate
        case .leader: .leader
        }
    }
}
