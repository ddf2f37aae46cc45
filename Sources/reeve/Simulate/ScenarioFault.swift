import Directory
import Kernel
import Simulator
import Yams

/// One item of a scenario's `faults`: a time and what happens then.
enum ScenarioFault {
    private static let kinds = [
        "isolate", "split", "cut", "heal", "network", "crash", "crash_during_write", "crash_when_elected", "stop",
        "crash_loop", "pause", "fill_disk", "fail_write", "misdirect_write", "clog",
        "slow_disk", "hang_disk", "rot_log", "wipe_disks", "poison", "backup", "restore_backup", "byzantine",
        "hand_over", "step_clock", "revoke_agents",
        "state", "upgrade", "raise_feature_level", "theft", "correct_clocks", "repair",
    ]

    /// A fault, and what the file says of it and of what it waits for.
    struct Parsed {
        let fault: TimedFault
        let value: Node
        let occasion: Node?

        func place(of flaw: FaultFlaw) -> Node { (flaw.isOfOccasion ? occasion ?? value : value).at(flaw.path) }
    }

    static func parse(
        _ node: Node,
        nodes: ClosedRange<Int>,
        end: Instant
    ) throws -> Parsed {
        let fields = try ScenarioFields(node, known: ["at", "when", "delay"] + kinds)
        let when = fields["when"]
        let at = when == nil ? try fields.required("at") : fields["at"]
        let time = Instant.zero.advanced(by: try at?.span() ?? .zero)
        if let at, time > end { throw ScenarioFile.Flaw(at, "lies past the end of the load") }
        let delay = fields["delay"]
        if let delay, when == nil { throw ScenarioFile.Flaw(delay, "means nothing without 'when'") }
        if let delay, try delay.span() > end.elapsed(since: .zero) {
            throw ScenarioFile.Flaw(delay, "is longer than the load")
        }
        let (kind, value) = try fields.only(besides: ["at", "when", "delay"])
        let fault = TimedFault(
            at: time,
            when: try when.map { try occasion($0) },
            after: try delay?.span() ?? .zero,
            try fault(kind, value, nodes)
        )
        return Parsed(fault: fault, value: value, occasion: when)
    }

    private static let occasions: [(String, Occasion)] = [
        ("leader_elected", .leaderElected), ("member_added", .memberAdded), ("member_promoted", .memberPromoted),
        ("member_removed", .memberRemoved), ("snapshot_sent", .snapshotSent),
    ]

    private static func occasion(_ node: Node) throws -> Occasion {
        guard case .mapping = node else {
            if let found = occasions.first(where: { $0.0 == node.scalar?.string }) { return found.1 }
            let known = occasions.map(\.0).joined(separator: ", ")
            throw ScenarioFile.Flaw(node, "expected \(known), {revision_reaches: N} or {after_fault: NAME}")
        }
        let fields = try ScenarioFields(node, known: ["revision_reaches", "after_fault"])
        let (name, value) = try fields.only()
        guard name == "after_fault" else { return .revisionReached(try value.number(in: Occasion.revisions)) }
        guard let kind = value.scalar?.string, kinds.contains(kind) else {
            throw ScenarioFile.Flaw(value, "unknown fault; known: \(kinds.joined(separator: ", "))")
        }
        return .faultHappened(camelCased(kind))
    }

    /// As bundles name faults.
    private static func camelCased(_ kind: String) -> String {
        let words = kind.split(separator: "_")
        return words.dropFirst().reduce(String(words[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    private static func fault(_ kind: String, _ value: Node, _ nodes: ClosedRange<Int>) throws -> Fault {
        switch kind {
        case "isolate": return .isolate(try selector(value, nodes))
        case "split":
            return .split(try value.items().map { try $0.items().map { try selector($0, nodes) } })
        case "cut":
            let fields = try ScenarioFields(value, known: ["from", "to"])
            return .cut(
                from: try selector(fields.required("from"), nodes),
                to: try selector(fields.required("to"), nodes)
            )
        case "heal":
            try literal(value, "network")
            return .healNetwork
        case "network": return .network(try quality(value))
        case "crash", "crash_during_write": return try crash(kind, value, nodes)
        case "crash_when_elected":
            let fields = try ScenarioFields(value, known: ["kind", "for"])
            return .crashWhenElected(try crash(in: fields), downFor: try fields.required("for").span())
        case "stop":
            let fields = try ScenarioFields(value, known: ["node", "for"])
            return .stop(try selector(fields.required("node"), nodes), downFor: try fields.required("for").span())
        case "crash_loop":
            let fields = try ScenarioFields(value, known: ["node", "kind", "times", "every"])
            let every = try fields.required("every")
            guard try every.span() >= .milliseconds(10) else { throw ScenarioFile.Flaw(every, "expected 10ms or more") }
            return .crashLoop(
                try selector(fields.required("node"), nodes),
                try crash(in: fields),
                times: try fields.required("times").number(in: 1...100),
                every: try every.span()
            )
        case "theft":
            let fields = try ScenarioFields(value, known: ["of", "noticed_after"])
            let loot = try choice(fields.required("of"), [("administrator", Loot.administrator), ("token", .token)])
            return .theft(loot, noticedAfter: try fields.required("noticed_after").span())
        case "raise_feature_level":
            let fields = try ScenarioFields(value, known: ["asking"])
            return .raiseFeatureLevel(asks: try fields.required("asking").flag())
        case "pause", "fill_disk", "fail_write", "upgrade":
            let fields = try ScenarioFields(value, known: ["node", "for"])
            let target = try selector(fields.required("node"), nodes)
            let span = try fields.required("for").span()
            switch kind {
            case "pause": return .pause(target, for: span)
            case "upgrade": return .upgrade(target, downFor: span)
            case "fill_disk": return .fillDisk(target, for: span)
            default: return .failWrite(target, downFor: span)
            }
        case "misdirect_write":
            let fields = try ScenarioFields(value, known: ["node", "back"])
            let back = try fields.required("back").number(in: 1...100_000)
            return .misdirectWrite(try selector(fields.required("node"), nodes), back: back)
        case "clog":
            let fields = try ScenarioFields(value, known: ["from", "to", "for"])
            return .clog(
                from: try selector(fields.required("from"), nodes),
                to: try selector(fields.required("to"), nodes),
                for: try fields.required("for").span()
            )
        case "slow_disk":
            let fields = try ScenarioFields(value, known: ["node", "factor"])
            let factor = try fields.required("factor").number(in: 1...100_000)
            return .slowDisk(try selector(fields.required("node"), nodes), factor: factor)
        case "hang_disk": return .hangDisk(try selector(value, nodes))
        case "rot_log":
            let fields = try ScenarioFields(value, known: ["node", "entries", "sparing"])
            let entries = try fields.required("entries").number(in: 1...100_000)
            let sparing = try fields["sparing"]?.number(in: 0...100_000) ?? 0
            return .rotLog(try selector(fields.required("node"), nodes), entries: entries, sparing: sparing)
        case "wipe_disks": return .wipeDisks(try selector(value, nodes))
        case "poison": return try poison(value, nodes)
        case "backup": return .backup(try selector(value, nodes))
        case "restore_backup":
            let fields = try ScenarioFields(value, known: ["revocations"])
            let fates = [("merged", RevocationsFate.merged), ("lost", .lost)]
            return .restoreBackup(try choice(fields.required("revocations"), fates))
        case "byzantine":
            let fields = try ScenarioFields(value, known: ["role", "for"])
            let roles = [("outsider", Liar.outsider), ("learner", .learner), ("edge", .edge)]
            return .byzantine(try choice(fields.required("role"), roles), for: try fields.required("for").span())
        case "hand_over": return .handOver(to: try selector(value, nodes))
        case "step_clock":
            let fields = try ScenarioFields(value, known: ["node", "by"])
            let step = try fields.required("by").signedMilliseconds()
            return .stepClock(try selector(fields.required("node"), nodes), milliseconds: step)
        case "revoke_agents": return .revokeAgents(count: try value.number(in: 1...10_000))
        case "state": return try statements(value, nodes)
        case "correct_clocks":
            try value.require(true)
            return .correctClocks
        default:
            try literal(value, "all")
            return .repairAll
        }
    }

    private static func crash(_ kind: String, _ value: Node, _ nodes: ClosedRange<Int>) throws -> Fault {
        let fields = try ScenarioFields(value, known: ["node", "kind", "for"])
        let target = try selector(fields.required("node"), nodes)
        let downFor = try fields.required("for").span()
        let crash = try crash(in: fields)
        return kind == "crash"
            ? .crash(target, crash, downFor: downFor) : .crashDuringWrite(target, crash, downFor: downFor)
    }

    private static func crash(in fields: ScenarioFields) throws -> Crash {
        switch try fields["kind"]?.text() {
        case nil, "process": return .process
        case "power": return .power
        default: throw ScenarioFile.Flaw(try fields.required("kind"), "expected process or power")
        }
    }

    private static func poison(_ node: Node, _ nodes: ClosedRange<Int>) throws -> Fault {
        let fields = try ScenarioFields(node, known: ["node", "command", "through"])
        let commands = [("undecodable", Poison.Command.undecodable), ("too_new", .tooNew)]
        let paths = [("client", Poison.Path.client), ("peers", .peers)]
        let poison = Poison(
            try choice(fields.required("command"), commands),
            through: try choice(fields.required("through"), paths)
        )
        return .poison(poison, at: try selector(fields.required("node"), nodes))
    }

    private static func statements(_ node: Node, _ nodes: ClosedRange<Int>) throws -> Fault {
        let fields = try ScenarioFields(node, known: ["node", "agents", "kind"])
        let kinds = RevocationKind.allCases.map { ($0.rawValue, $0) }
        return .state(
            try selector(fields.required("node"), nodes),
            agents: try fields.required("agents").number(in: 1...1000),
            try fields["kind"].map { try choice($0, kinds) } ?? .revoke
        )
    }

    private static func choice<Value>(_ node: Node, _ known: [(String, Value)]) throws -> Value {
        guard let found = known.first(where: { $0.0 == node.scalar?.string }) else {
            throw ScenarioFile.Flaw(node, "expected \(known.map(\.0).joined(separator: " or "))")
        }
        return found.1
    }

    private static func quality(_ node: Node) throws -> NetworkQuality {
        let fields = try ScenarioFields(
            node,
            known: ["latency", "jitter", "loss", "duplication", "reorders", "bandwidth"]
        )
        var quality = NetworkQuality.good
        if let value = fields["latency"] { quality.minimumLatency = try value.span() }
        if let value = fields["jitter"] { quality.meanExtraLatency = try value.span() }
        if let value = fields["loss"] { quality.lossPPM = try value.partsPerMillion() }
        if let value = fields["duplication"] { quality.duplicationPPM = try value.partsPerMillion() }
        if let value = fields["reorders"] { quality.reorders = try value.flag() }
        if let value = fields["bandwidth"] { quality.bandwidth = try value.number(in: NetworkQuality.bandwidths) }
        return quality
    }

    /// Counted from 0.
    static func machine(_ node: Node, _ nodes: ClosedRange<Int>) throws -> Int {
        guard case .node(let number) = try selector(node, nodes) else {
            throw ScenarioFile.Flaw(node, "expected n1 to n\(nodes.upperBound)")
        }
        return number
    }

    private static func selector(_ node: Node, _ nodes: ClosedRange<Int>) throws -> NodeSelector {
        let text = try node.text()
        switch text {
        case "leader": return .leader
        case "follower": return .follower
        default:
            guard text.hasPrefix("n"), let number = Int(text.dropFirst()), nodes.contains(number) else {
                throw ScenarioFile.Flaw(
                    node,
                    "unknown node '\(text)'; known: leader, follower, n1 to n\(nodes.upperBound)"
                )
            }
            return .node(number - 1)
        }
    }

    private static func literal(_ node: Node, _ expected: String) throws {
        guard node.scalar?.string == expected else { throw ScenarioFile.Flaw(node, "expected '\(expected)'") }
    }
}
