internal import Consensus
internal import Directory
internal import Kernel

/// What the operator of a cluster knows of its machines, and what is being done about them: machines join, get a vote, are
/// removed, lose their disks and join again as another member.
///
/// The operator knows what it was told. Where it was told nothing it asks for the same again before anything else, so that
/// it never takes more votes away than it means to.
package struct Membership: Sendable {
    enum Standing: Hashable, Sendable {
        /// No member, and nothing on its disks.
        case spare
        case invited
        case learner
        case voter
        /// Runs on for a while all the same.
        case removed
    }

    package enum Step: Hashable, CaseIterable, Sendable { case invite, join, promote, remove }

    struct Undertaking: Sendable {
        let step: Step
        let node: Int
        let operation: Int
    }

    private(set) var standings: [Standing]
    var underWay: Undertaking?
    /// As many as the cluster began with: what is promised of clocks and disks rests on their number.
    private let minimumVoters: Int
    private static let maximumVoters = 7

    init(voterCount: Int, spareCount: Int) {
        standings = Array(repeating: .voter, count: voterCount) + Array(repeating: .spare, count: spareCount)
        minimumVoters = voterCount
    }

    /// Half of all worlds have one or two machines more than voters.
    static func drawSpares(from random: inout SeededRandom) -> Int {
        random.chance(500_000) ? Int(random.within(1...2)) : 0
    }

    /// Whether a machine is a member, or was one and has not been wiped.
    func isPresent(_ node: Int) -> Bool {
        switch standings[node] {
        case .spare, .invited: false
        case .learner, .voter, .removed: true
        }
    }

    /// What to do next; nil when there is nothing.
    func next(from random: inout SeededRandom) -> (step: Step, node: Int)? {
        let choices = standings.indices.compactMap { node in possibleStep(node).map { (step: $0, node: node) } }
        return random.element(of: choices)
    }

    func allows(_ step: Step, _ node: Int) -> Bool { standings.indices.contains(node) && possibleStep(node) == step }

    private func possibleStep(_ node: Int) -> Step? {
        let voters = standings.count { $0 == .voter }
        return switch standings[node] {
        case .spare: voters < Self.maximumVoters ? .invite : nil
        case .invited: .join
        case .learner: .promote
        case .voter: voters > minimumVoters ? .remove : nil
        case .removed: nil
        }
    }

    mutating func set(_ standing: Standing, of node: Int) { standings[node] = standing }
}

extension Membership.Step {
    /// Where the machine stands afterwards.
    var result: Membership.Standing {
        switch self {
        case .invite: .invited
        case .join: .learner
        case .promote: .voter
        case .remove: .removed
        }
    }

    /// Whether a refusal says that it has been done before.
    func isDone(by code: RefusalCode) -> Bool {
        switch self {
        case .invite: false
        case .join: code == .alreadyJoined
        case .promote: code == .alreadyVoter
        case .remove: code == .notFound
        }
    }
}
