import Directory
import Foundation
import Kernel
import Simulator
import Yams

/// Scenario files: YAML, every key known, every mistake reported with line and column.
enum ScenarioFile {
    /// What is wrong and where. Printed after the file's name and a colon.
    struct Flaw: Error, CustomStringConvertible {
        let line: Int
        let column: Int
        let message: String

        var description: String { "\(line):\(column): \(message)" }
    }

    static func read(_ path: String) throws -> Scenario {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch  where InputFile.isFolder(path) == nil { throw CommandError("there is no such file", at: path) } catch {
            throw Flaw(line: 1, column: 1, message: "cannot be read: \(error.localizedDescription)")
        }
        return try parse(text)
    }

    static func parse(_ text: String) throws -> Scenario {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Flaw(yaml: error)
        }
        guard let root else { throw Flaw(line: 1, column: 1, message: "the file is empty") }
        return try scenario(root)
    }

    private static func scenario(_ node: Node) throws -> Scenario {
        let fields = try ScenarioFields(
            node,
            known: [
                "name", "description", "nodes", "learners", "edges", "spares", "zones", "seconds",
                "operations_per_second",
                "maximum_age", "seals", "feature_level", "rollouts", "random_faults", "faults", "expect",
            ]
        )
        var result = Scenario(name: try fields.required("name").text(), drawsFaults: false)
        if let value = fields["nodes"] {
            result.nodeCount = Int(try value.number(in: 1...UInt64(Scenario.nodeCounts.upperBound)))
        }
        if let value = fields["learners"] {
            result.learnerCount = Int(try value.number(in: 0...room(beside: result)))
        }
        if let value = fields["spares"] {
            result.spareCount = Int(try value.number(in: 0...room(beside: result)))
        }
        if let value = fields["edges"] {
            result.edgeCount = Int(try value.number(in: 0...UInt64(Scenario.edgeCounts.upperBound)))
        }
        if let value = fields["seconds"] { result.duration = .seconds(try value.number(in: 5...86_400)) }
        if let value = fields["operations_per_second"] {
            result.operationsPerSecond = try value.number(in: Scenario.operationRates)
        }
        if let value = fields["maximum_age"] { result.maximumAge = try maximumAge(value) }
        if let value = fields["seals"] {
            result.seals = try value.flag()
            if result.seals == false, result.edgeCount ?? 0 > 0 { throw Flaw(value, "edges need seals") }
        }
        if let value = fields["feature_level"] { result.featureLevel = try featureLevel(value) }
        if let value = fields["rollouts"] { result.rollouts = try value.flag() }
        if let value = fields["random_faults"] { result.drawsFaults = try value.flag() }
        let names = 1...result.namedCount
        if let value = fields["zones"] { result.zones = try zones(value, names) }
        let end = Instant.zero.advanced(by: result.duration)
        let faults = try (fields["faults"]?.items() ?? [])
            .map { try ScenarioFault.parse($0, nodes: names, end: end) }
            .sorted { $0.fault.time < $1.fault.time }
        result.faults = faults.map(\.fault)
        result.expectations = try (fields["expect"]?.items() ?? []).map { try expectation($0) }
        // Whether a fault can happen is a question of all the rest.
        for place in faults.indices {
            guard let flaw = result.flaw(ofFault: place) else { continue }
            throw Flaw(faults[place].place(of: flaw), flaw.message)
        }
        return result
    }

    /// How many machines more there can be.
    private static func room(beside scenario: Scenario) -> UInt64 {
        UInt64(Scenario.machineLimit - scenario.memberCount)
    }

    private static func zones(_ node: Node, _ names: ClosedRange<Int>) throws -> [Zone] {
        var placed: Set<Int> = []
        let items = try node.items()
        guard (1...Zone.limit).contains(items.count) else { throw Flaw(node, "expected 1 to \(Zone.limit) zones") }
        return try items.map { item in
            let fields = try ScenarioFields(item, known: ["nodes", "latency"])
            let machines = try fields.required("nodes").items().map { node in
                let machine = try ScenarioFault.machine(node, names)
                guard placed.insert(machine).inserted else {
                    throw Flaw(node, "n\(machine + 1) stands in a zone already")
                }
                return machine
            }
            let latency = try fields["latency"]?.span() ?? .zero
            if let value = fields["latency"], latency > Zone.longestLatency {
                throw Flaw(value, "expected \(Zone.longestLatency.milliseconds / 1000)s at most")
            }
            return Zone(machines, latency: latency)
        }
    }

    private static func maximumAge(_ node: Node) throws -> Span {
        let (age, range) = (try node.span(), Scenario.maximumAges)
        guard range.contains(age) else {
            let bounds = "\(range.lowerBound.milliseconds / 1000)s to \(range.upperBound.milliseconds / 1000)s"
            throw Flaw(node, "expected \(bounds)")
        }
        return age
    }

    private static func featureLevel(_ node: Node) throws -> FeatureLevel {
        let known = Scenario.featureLevels
        let range = UInt64(known.lowerBound.number)...UInt64(known.upperBound.number)
        return FeatureLevel(UInt32(try node.number(in: range)))
    }

    private static func expectation(_ node: Node) throws -> Expectation {
        let fields = try ScenarioFields(
            node,
            known: [
                "grants_hold", "writes_resume_within", "leaders_at_least", "snapshots_at_least",
                "replaced_at_least", "refused_at_least", "lost_at_least",
                "lies_at_least", "statements_without_quorum_at_least",
                "halts_at_least", "feature_level", "thieves_refused_at_least", "minority_acknowledges_nothing",
            ]
        )
        let (name, value) = try fields.only()
        switch name {
        case "grants_hold":
            try value.require(true)
            return .grantsHold
        case "writes_resume_within": return .writesResume(within: try value.span())
        case "leaders_at_least": return .leaders(atLeast: Int(try value.number(in: 1...15)))
        case "snapshots_at_least": return .snapshots(atLeast: Int(try value.number(in: 1...1000)))
        case "replaced_at_least": return .replaced(atLeast: Int(try value.number(in: 1...15)))
        case "refused_at_least": return .refused(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "lost_at_least": return .lost(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "lies_at_least": return .lies(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "statements_without_quorum_at_least":
            return .statementsWithoutQuorum(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "halts_at_least": return .halts(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "thieves_refused_at_least": return .thievesRefused(atLeast: Int(try value.number(in: 1...1_000_000)))
        case "feature_level": return .featureLevel(try featureLevel(value))
        default:
            try value.require(true)
            return .minorityAcknowledgesNothing
        }
    }
}

extension ScenarioFile.Flaw {
    init(_ node: Node, _ message: String) {
        self.init(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: message)
    }

    init(yaml error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(line: mark.line, column: mark.column, message: problem)
        default: self.init(line: 1, column: 1, message: "\(error)")
        }
    }
}
