internal import Directory
package import JSON
internal import Kernel

extension Scenario {
    static let fields = [
        "name", "nodes", "learners", "spares", "edges", "zones", "duration", "operationsPerSecond", "maximumAge",
        "seals", "featureLevel",
        "rollouts", "randomFaults",
        "faultIntensity", "faults", "expect",
    ]

    package var json: JSONValue {
        [
            "name": .string(name),
            "nodes": .count(nodeCount),
            "learners": .count(learnerCount),
            "spares": spareCount.map { .count($0) } ?? .null,
            "edges": edgeCount.map { .count($0) } ?? .null,
            "zones": .array(
                zones.map { ["nodes": .array($0.machines.map { .machine($0) }), "latency": .span($0.latency)] }
            ),
            "duration": .span(duration),
            "operationsPerSecond": .count(operationsPerSecond),
            "maximumAge": maximumAge.map { .span($0) } ?? .null,
            "seals": seals.map { .bool($0) } ?? .null,
            "featureLevel": featureLevel.map { .integer(Int64($0.number)) } ?? .null,
            "rollouts": .bool(rollouts),
            "randomFaults": .bool(drawsFaults),
            "faultIntensity": .count(faultIntensity),
            "faults": .array(faults.map(\.json)),
            "expect": .array(expectations.map(\.json)),
        ]
    }

    init(_ fields: BundleFields) throws(BundleFlaw) {
        var faults: [TimedFault] = []
        for fault in try fields.objects("faults", known: TimedFault.fields + Fault.fields) {
            faults.append(try TimedFault(fault))
        }
        var zones: [Zone] = []
        // Not in bundles of before there were any.
        for zone in fields.has("zones") ? try fields.objects("zones", known: ["nodes", "latency"]) : [] {
            zones.append(Zone(try zone.machines("nodes"), latency: try zone.span("latency")))
        }
        var expectations: [Expectation] = []
        for expectation in try fields.objects("expect", known: Expectation.fields) {
            expectations.append(try Expectation(expectation))
        }
        self.init(
            name: try fields.text("name"),
            nodeCount: try fields.count("nodes", in: Self.nodeCounts),
            // Not in bundles of before there were any.
            learnerCount: fields.has("learners") ? try fields.count("learners", in: Self.learnerCounts) : 0,
            spareCount: fields.has("spares") ? try fields.count("spares", in: Self.spareCounts) : nil,
            edgeCount: fields.has("edges") ? try fields.count("edges", in: Self.edgeCounts) : nil,
            zones: zones,
            duration: try fields.span("duration"),
            operationsPerSecond: UInt64(try fields.number("operationsPerSecond", in: 0...1000)),
            maximumAge: fields.has("maximumAge") ? try fields.span("maximumAge") : nil,
            seals: fields.has("seals") ? try fields.flag("seals") : nil,
            featureLevel: fields.has("featureLevel") ? try Self.level(fields) : nil,
            // Not in bundles of before there were any.
            rollouts: fields.has("rollouts") ? try fields.flag("rollouts") : false,
            faults: faults,
            drawsFaults: try fields.flag("randomFaults"),
            // Not in bundles of before there was a choice.
            faultIntensity: fields.has("faultIntensity")
                ? try fields.count("faultIntensity", in: Self.faultIntensities) : 100,
            expectations: expectations
        )
        if let flaw { throw fields.flaw("", .badValue(flaw)) }
    }

    fileprivate static func level(_ fields: BundleFields) throws(BundleFlaw) -> FeatureLevel {
        let known = Int(featureLevels.lowerBound.number)...Int(featureLevels.upperBound.number)
        return FeatureLevel(UInt32(try fields.count("featureLevel", in: known)))
    }
}

extension TimedFault {
    fileprivate static let fields = ["at", "when", "revision", "afterFault", "delay"]

    private enum Name: CaseIterable {
        case leaderElected, memberAdded, memberPromoted, memberRemoved, snapshotSent, revisionReaches, afterFault
    }

    fileprivate var json: JSONValue {
        var members = [JSONMember(name: "at", value: .instant(time))]
        if let occasion {
            members.append(JSONMember(name: "when", value: .string("\(Self.name(of: occasion))")))
            members.append(JSONMember(name: "delay", value: .span(delay)))
        }
        if case .revisionReached(let revision) = occasion {
            members.append(JSONMember(name: "revision", value: .count(revision)))
        }
        if case .faultHappened(let name) = occasion {
            members.append(JSONMember(name: "afterFault", value: .string(name)))
        }
        return .object(members + (fault.json.objectValue ?? []))
    }

    private static func name(of occasion: Occasion) -> Name {
        switch occasion {
        case .leaderElected: .leaderElected
        case .memberAdded: .memberAdded
        case .memberPromoted: .memberPromoted
        case .memberRemoved: .memberRemoved
        case .snapshotSent: .snapshotSent
        case .revisionReached: .revisionReaches
        case .faultHappened: .afterFault
        }
    }

    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        guard fields.has("when") else {
            self.init(at: try fields.instant("at"), try Fault(fields))
            return
        }
        let occasion: Occasion =
            switch try fields.choice("when", of: Name.self) {
            case .leaderElected: .leaderElected
            case .memberAdded: .memberAdded
            case .memberPromoted: .memberPromoted
            case .memberRemoved: .memberRemoved
            case .snapshotSent: .snapshotSent
            case .revisionReaches: .revisionReached(UInt64(try fields.number("revision", in: 1...1_000_000_000)))
            case .afterFault: .faultHappened(try fields.text("afterFault"))
            }
        self.init(at: try fields.instant("at"), when: occasion, after: try fields.span("delay"), try Fault(fields))
    }
}

extension Expectation {
    private enum Name: CaseIterable {
        case grantsHold, writesResume, leaders, snapshots, replaced, refused, lost, lies, statementsWithoutQuorum
        case halts, featureLevel, thieves, minorityAcknowledgesNothing
    }

    fileprivate static let fields = ["expectation", "within", "atLeast", "featureLevel"]

    fileprivate var json: JSONValue {
        switch self {
        case .grantsHold: ["expectation": "grantsHold"]
        case .writesResume(let span): ["expectation": "writesResume", "within": .span(span)]
        case .leaders(let count): ["expectation": "leaders", "atLeast": .count(count)]
        case .snapshots(let count): ["expectation": "snapshots", "atLeast": .count(count)]
        case .replaced(let count): ["expectation": "replaced", "atLeast": .count(count)]
        case .refused(let count): ["expectation": "refused", "atLeast": .count(count)]
        case .lost(let count): ["expectation": "lost", "atLeast": .count(count)]
        case .lies(let count): ["expectation": "lies", "atLeast": .count(count)]
        case .statementsWithoutQuorum(let count):
            ["expectation": "statementsWithoutQuorum", "atLeast": .count(count)]
        case .halts(let count): ["expectation": "halts", "atLeast": .count(count)]
        case .featureLevel(let level):
            ["expectation": "featureLevel", "featureLevel": .integer(Int64(level.number))]
        case .thievesRefused(let count): ["expectation": "thieves", "atLeast": .count(count)]
        case .minorityAcknowledgesNothing: ["expectation": "minorityAcknowledgesNothing"]
        }
    }

    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        switch try fields.choice("expectation", of: Name.self) {
        case .grantsHold: self = .grantsHold
        case .writesResume: self = .writesResume(within: try fields.span("within"))
        case .leaders: self = .leaders(atLeast: try fields.count("atLeast", in: 1...15))
        case .snapshots: self = .snapshots(atLeast: try fields.count("atLeast", in: 1...1000))
        case .replaced: self = .replaced(atLeast: try fields.count("atLeast", in: 1...15))
        case .refused: self = .refused(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .lost: self = .lost(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .lies: self = .lies(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .statementsWithoutQuorum:
            self = .statementsWithoutQuorum(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .halts: self = .halts(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .featureLevel: self = .featureLevel(try Scenario.level(fields))
        case .thieves: self = .thievesRefused(atLeast: try fields.count("atLeast", in: 1...1_000_000))
        case .minorityAcknowledgesNothing: self = .minorityAcknowledgesNothing
        }
    }
}
