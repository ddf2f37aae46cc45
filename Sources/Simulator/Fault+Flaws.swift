internal import Directory
internal import Kernel

/// Why a fault of a scenario can never happen, or would do nothing.
package struct FaultFlaw: Hashable, Sendable {
    /// On the way from what a scenario file says of the fault to the value that is wrong.
    package enum Step: Hashable, Sendable {
        case field(String)
        case item(Int)
    }

    package let message: String
    package let path: [Step]
    /// Whether the value at fault is what the fault waits for, rather than the fault.
    package let isOfOccasion: Bool

    init(_ message: String, at path: Step..., ofOccasion: Bool = false) {
        self.message = message
        self.path = path
        isOfOccasion = ofOccasion
    }
}

extension Scenario {
    /// What is wrong with a fault, by its place among the scenario's; nil where it can happen.
    package func flaw(ofFault place: Int) -> FaultFlaw? {
        let fault = faults[place]
        if case .restoreBackup = fault.fault, !hasBackup(before: place) {
            return FaultFlaw("there is no backup before it that could be restored")
        }
        if case .faultHappened(let name) = fault.occasion, !mayHappen(name, besides: place) {
            return FaultFlaw("there is no other fault of that kind", ofOccasion: true)
        }
        return fault.fault.flaw(in: self)
    }

    /// Of what waits for an occasion nobody knows when it happens.
    private func hasBackup(before place: Int) -> Bool {
        faults.enumerated().contains { other, timed in
            guard case .backup = timed.fault else { return false }
            return other < place || timed.occasion != nil || faults[place].occasion != nil
        }
    }

    private func mayHappen(_ name: String, besides place: Int) -> Bool {
        drawsFaults || faults.indices.contains { $0 != place && faults[$0].fault.name == name }
    }

    /// Whether there are machines that faults cannot name.
    fileprivate var mayHaveOthers: Bool { spareCount ?? 0 > 0 || drawsSpares || drawsEdges }

    fileprivate var mayBeOlder: Bool { featureLevel.map { $0 < .supported } ?? drawsFaults }

    private var mayHaveLearners: Bool { learnerCount > 0 || spareCount ?? 0 > 0 || drawsSpares }

    fileprivate func flaw(of liar: Liar) -> String? {
        switch liar {
        case .outsider:
            mayHaveLearners
                ? nil : "there is no machine besides the voters: give learners or spares"
        case .learner:
            mayHaveLearners
                ? nil : "there is no learner, nor a machine that could become one: give learners or spares"
        case .edge: edgeCount ?? 0 > 0 || drawsEdges ? nil : "there is no edge: give edges"
        }
    }
}

extension Fault {
    fileprivate func flaw(in scenario: Scenario) -> FaultFlaw? {
        switch self {
        case .isolate:
            scenario.namedCount > 1 || scenario.mayHaveOthers
                ? nil : FaultFlaw("there is no other machine to be cut off from")
        case .split(let groups): Self.flaw(of: groups, in: scenario)
        case .cut(let from, let to), .clog(let from, let to, _):
            from == to ? FaultFlaw("\(to.name) cannot be cut off from itself", at: .field("to")) : nil
        case .byzantine(let liar, _): scenario.flaw(of: liar).map { FaultFlaw($0, at: .field("role")) }
        case .upgrade, .raiseFeatureLevel:
            scenario.mayBeOlder
                ? nil
                : FaultFlaw("all programs are the newest: give a feature_level below \(FeatureLevel.supported.number)")
        case .healNetwork, .network, .crash, .crashDuringWrite, .crashWhenElected, .stop, .crashLoop, .pause,
            .slowDisk, .hangDisk, .fillDisk, .failWrite, .misdirectWrite, .rotLog, .wipeDisks, .poison, .backup,
            .restoreBackup, .handOver, .theft, .stepClock, .revokeAgents, .state,
            .correctClocks, .repairAll:
            nil
        }
    }

    private static func flaw(of groups: [[NodeSelector]], in scenario: Scenario) -> FaultFlaw? {
        var placed: Set<NodeSelector> = []
        for (number, group) in groups.enumerated() {
            for (place, node) in group.enumerated() where !placed.insert(node).inserted {
                return FaultFlaw("\(node.name) is named twice", at: .item(number), .item(place))
            }
        }
        guard placed.isEmpty || groups.filter({ !$0.isEmpty }).count == 1 else { return nil }
        // One group against those that are not named.
        let isEverybody = placed.isEmpty || placed.count == scenario.namedCount && !scenario.mayHaveOthers
        return isEverybody ? FaultFlaw("all are on one side") : nil
    }
}
