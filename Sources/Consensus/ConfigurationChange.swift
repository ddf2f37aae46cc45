package import Kernel

/// What an entry does to the configuration. etcd's `ConfChangeV2`.
package struct ConfigurationChange: Hashable, Sendable {
    /// How a change that needs a joint configuration gets out of it.
    package enum Transition: UInt8, Hashable, Sendable, CaseIterable {
        /// A single change is made at once when it can be; others as `implicit`.
        case auto
        /// The leader leaves the joint configuration as soon as it is in force.
        case implicit
        /// Somebody proposes `leave`.
        case explicit
    }

    package enum Change: Hashable, Sendable {
        /// Also promotes a learner.
        case addVoter(MemberID)
        /// Also demotes a voter.
        case addLearner(MemberID)
        case remove(MemberID)

        package var member: MemberID {
            switch self {
            case .addVoter(let member), .addLearner(let member), .remove(let member): member
            }
        }
    }

    package let transition: Transition
    /// Carried out in this order.
    package let changes: [Change]

    package init(_ changes: [Change], transition: Transition = .auto) {
        self.transition = transition
        self.changes = changes
    }

    /// Leaves a joint configuration.
    package static let leave = ConfigurationChange([])

    package var isLeaving: Bool { self == .leave }

    /// Why a configuration does not admit a change.
    package enum Flaw: Error, Hashable, Sendable {
        /// The configuration is joint: only leaving it is possible.
        case isJoint
        case isNotJoint
        /// A joint configuration needs voters to begin with.
        case hasNoVoters
        case removesAllVoters
        /// More than one voter would change at once without a joint configuration.
        case changesSeveralVoters
        case hasTooManyMembers(limit: Int)
        case hasTooManyChanges(limit: Int)

        /// For people.
        package var reason: String {
            switch self {
            case .isJoint: "another change of them has not ended yet"
            case .isNotJoint: "there is no change of them to end"
            case .hasNoVoters: "nobody votes yet"
            case .removesAllVoters: "nobody would be left to vote"
            case .changesSeveralVoters: "more than one voter would change at once"
            case .hasTooManyMembers(let limit): "there would be more than \(limit)"
            case .hasTooManyChanges(let limit): "more than \(limit) would change at once"
            }
        }
    }

    /// Of one entry.
    package static let maxChanges = 64

    /// One form for one value, for the hash of an entry.
    var bytes: [UInt8] {
        var bytes: [UInt8] = [transition.rawValue]
        bytes.append(bigEndian: UInt64(changes.count))
        for change in changes {
            switch change {
            case .addVoter: bytes.append(0)
            case .addLearner: bytes.append(1)
            case .remove: bytes.append(2)
            }
            bytes.append(bigEndian: change.member.high)
            bytes.append(bigEndian: change.member.low)
            bytes.append(bigEndian: change.member.incarnation)
        }
        return bytes
    }
}
