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
        /// The log names it, and it has no state to begin from yet.
        case admittedEdge
        case edge
        /// A member whose disks were wiped: its identity is worth nothing any more.
        case lost
        /// Runs on for a while all the same.
        case removed
    }

    /// A member whose machine has lied never gets a vote.
    private enum Trust: Hashable, Sendable {
        case trusted
        /// Nobody has noticed yet.
        case lies
        case exposed
    }

    package enum Step: Hashable, CaseIterable, Sendable { case invite, join, promote, remove }

    struct Undertaking: Sendable {
        let step: Step
        let node: Int
        let operation: Int
        /// Whether it was asked for before without an answer, so that it may be done though this request was not taken.
        let isInDoubt: Bool
    }

    private(set) var standings: [Standing]
    var underWay: Undertaking?
    /// Whether the operator looks at the members from time to time.
    var isLookedAfter = false
    /// Whether somebody waits for a learner that is to lie, so that none gets a vote before.
    var awaitsLiar = false
    private var trust: [Trust]
    /// As many as the cluster began with: what is promised of clocks and disks rests on their number.
    private let minimumVoters: Int
    private static let maximumVoters = 7
    /// Machines that are to be learners and nothing else.
    private let learners: Range<Int>
    /// Machines that are to be edges and nothing else.
    let edges: Range<Int>
    /// Whether there is a seal that an edge could begin from.
    var mayAdmitEdges = false
    /// Edges that cannot go on by themselves: they are removed, and join again.
    var brokenEdges: [Int] = []

    init(voterCount: Int, learnerCount: Int, spareCount: Int, edgeCount: Int) {
        let others = learnerCount + edgeCount + spareCount
        standings = Array(repeating: .voter, count: voterCount) + Array(repeating: .spare, count: others)
        minimumVoters = voterCount
        learners = voterCount..<voterCount + learnerCount
        edges = learners.upperBound..<learners.upperBound + edgeCount
        trust = standings.map { _ in .trusted }
    }

    /// Half of all worlds have one or two machines more than voters.
    static func drawSpares(from random: inout SeededRandom) -> Int {
        random.chance(500_000) ? Int(random.within(1...2)) : 0
    }

    /// Two of five of the worlds whose voters seal have one to three edges.
    static func drawEdges(from random: inout SeededRandom) -> Int {
        random.chance(400_000) ? Int(random.within(1...3)) : 0
    }

    /// Whether a machine is a member or an edge, or was one and has not been wiped.
    func isPresent(_ node: Int) -> Bool {
        switch standings[node] {
        case .spare, .invited, .admittedEdge: false
        case .learner, .voter, .edge, .lost, .removed: true
        }
    }

    /// Whether there are machines besides the first voters.
    var hasOthers: Bool { standings.count > minimumVoters }
    /// Whether some of those are to be members.
    var hasOtherMembers: Bool { standings.count > minimumVoters + edges.count }
    private var hasSpares: Bool { standings.count > edges.upperBound }
    /// Whether the machine is meant to be an edge and nothing else.
    func isForEdge(_ node: Int) -> Bool { edges.contains(node) }
    func isEdge(_ node: Int) -> Bool { standings[node] == .edge }
    /// Whether edges are missing that could join.
    var lacksEdges: Bool { mayAdmitEdges && edges.contains { standings[$0] == .spare || standings[$0] == .invited } }
    /// Whether what is to become of an edge is not done yet.
    var isChangingEdges: Bool {
        underWay.map { isForEdge($0.node) } ?? false
            || edges.contains { standings[$0] == .admittedEdge || standings[$0] == .lost || standings[$0] == .removed }
    }
    /// Whether the machine is meant to be a learner and nothing else.
    func staysLearner(_ node: Int) -> Bool { learners.contains(node) }
    /// Whether some of those are no members yet, or no more.
    var lacksLearners: Bool { learners.contains { standings[$0] == .spare || standings[$0] == .invited } }
    var hasLost: Bool { standings.contains(.lost) }
    func isMember(_ node: Int) -> Bool { standings[node] == .learner || standings[node] == .voter }
    func isBlank(_ node: Int) -> Bool { standings[node] == .spare }
    func isLearner(_ node: Int) -> Bool { standings[node] == .learner }
    func isLost(_ node: Int) -> Bool { standings[node] == .lost }
    func isVoter(_ node: Int) -> Bool { standings[node] == .voter }

    /// Those that vote as far as the operator knows, of the identities of all machines.
    func voters(among all: [MemberID]) -> [MemberID] { all.indices.filter(isVoter).map { all[$0] } }

    /// As in the beginning.
    mutating func beginAnew() {
        underWay = nil
        for node in standings.indices { set(node < minimumVoters ? .voter : .spare, of: node) }
    }

    mutating func beginLying(_ node: Int) {
        trust[node] = .lies
        awaitsLiar = false
    }

    mutating func endLying(_ node: Int) { trust[node] = standings[node] == .spare ? .trusted : .exposed }

    /// What to do next; nil when there is nothing.
    ///
    /// - Parameter onlyCare: Whether to begin nothing but what edges need.
    func next(from random: inout SeededRandom, onlyCare: Bool) -> (step: Step, node: Int)? {
        let choices = standings.indices.compactMap { node -> (step: Step, node: Int)? in
            guard let step = possibleStep(node), !onlyCare || isCare(step, node) else { return nil }
            return (step, node)
        }
        return random.element(of: choices)
    }

    /// What edges need, or machines that have lost their disks; nil where nobody needs anything.
    var firstCare: (step: Step, node: Int)? {
        for node in standings.indices {
            if let step = possibleStep(node), isCare(step, node) { return (step, node) }
        }
        return nil
    }

    /// An edge to remove though it is well: it joins again as another machine.
    func edgeToReplace(from random: inout SeededRandom) -> Int? {
        guard hasSpares, random.chance(30_000) else { return nil }
        return random.element(of: edges.filter { standings[$0] == .edge })
    }

    private func isCare(_ step: Step, _ node: Int) -> Bool {
        step == .remove && (standings[node] == .lost || isForEdge(node))
    }

    func allows(_ step: Step, _ node: Int) -> Bool {
        guard standings.indices.contains(node) else { return false }
        return possibleStep(node) == step || step == .remove && standings[node] == .edge
    }

    private func possibleStep(_ node: Int) -> Step? {
        if isForEdge(node) { return possibleEdgeStep(node) }
        let voters = standings.count { $0 == .voter }
        return switch standings[node] {
        case .spare:
            (voters < Self.maximumVoters || staysLearner(node)) && trust[node] == .trusted ? .invite : nil
        case .invited: .join
        case .learner:
            switch trust[node] {
            case .trusted: awaitsLiar || staysLearner(node) ? nil : .promote
            case .lies: nil
            case .exposed: .remove
            }
        case .lost: .remove
        case .voter: voters > minimumVoters ? .remove : nil
        case .removed, .admittedEdge, .edge: nil
        }
    }

    private func possibleEdgeStep(_ node: Int) -> Step? {
        switch standings[node] {
        case .spare: mayAdmitEdges && trust[node] == .trusted ? .invite : nil
        case .invited: .join
        case .edge: trust[node] == .exposed || brokenEdges.contains(node) ? .remove : nil
        case .lost: .remove
        case .admittedEdge, .learner, .voter, .removed: nil
        }
    }

    mutating func set(_ standing: Standing, of node: Int) {
        standings[node] = standing
        if standing == .spare { trust[node] = .trusted }
    }
}

extension Membership {
    /// Where the machine stands afterwards.
    func result(of step: Step, _ node: Int) -> Standing {
        switch step {
        case .invite: .invited
        case .join: isForEdge(node) ? .admittedEdge : .learner
        case .promote: .voter
        case .remove: .removed
        }
    }
}

extension Membership.Step {

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
