internal import Directory
internal import JSON
internal import Kernel

extension Fault {
    private enum Name: CaseIterable {
        case isolate, split, cut, heal, network, crash, crashDuringWrite, crashWhenElected, stop, crashLoop, pause
        case handOver, slowDisk, hangDisk, fillDisk, failWrite, rotLog, misdirectWrite, clog, stepClock, wipeDisks,
            poison, backup, restoreBackup, byzantine,
            revokeAgents, state, upgrade, raiseFeatureLevel, theft, correctClocks, repair
    }

    static let fields = [
        "fault", "node", "groups", "from", "to", "latency", "jitter", "loss", "duplication", "reorders", "crash", "for",
        "factor", "entries", "sparing", "by", "agents", "bandwidth", "times", "every", "back",
        "command", "path", "role", "revocations", "level", "asks", "loot",
    ]

    var json: JSONValue {
        switch self {
        case .isolate(let node): ["fault": "isolate", "node": .selector(node)]
        case .split(let groups):
            ["fault": "split", "groups": .array(groups.map { .array($0.map(JSONValue.selector)) })]
        case .cut(let from, let to): ["fault": "cut", "from": .selector(from), "to": .selector(to)]
        case .healNetwork: ["fault": "heal"]
        case .clog(let from, let to, let span):
            ["fault": "clog", "from": .selector(from), "to": .selector(to), "for": .span(span)]
        case .network(let quality):
            [
                "fault": "network", "latency": .span(quality.minimumLatency), "jitter": .span(quality.meanExtraLatency),
                "loss": .count(quality.lossPPM), "duplication": .count(quality.duplicationPPM),
                "reorders": .bool(quality.reorders), "bandwidth": quality.bandwidth.map { .count($0) } ?? .null,
            ]
        case .crash(let node, let crash, let span): Self.crash("crash", node, crash, span)
        case .crashDuringWrite(let node, let crash, let span): Self.crash("crashDuringWrite", node, crash, span)
        case .crashWhenElected(let crash, let span):
            ["fault": "crashWhenElected", "crash": .string("\(crash)"), "for": .span(span)]
        case .stop(let node, let span): ["fault": "stop", "node": .selector(node), "for": .span(span)]
        case .crashLoop(let node, let crash, let times, let every):
            [
                "fault": "crashLoop", "node": .selector(node), "crash": .string("\(crash)"), "times": .count(times),
                "every": .span(every),
            ]
        case .pause(let node, let span): ["fault": "pause", "node": .selector(node), "for": .span(span)]
        case .fillDisk(let node, let span): ["fault": "fillDisk", "node": .selector(node), "for": .span(span)]
        case .failWrite(let node, let span): ["fault": "failWrite", "node": .selector(node), "for": .span(span)]
        case .misdirectWrite(let node, let back):
            ["fault": "misdirectWrite", "node": .selector(node), "back": .count(back)]
        case .slowDisk(let node, let factor): ["fault": "slowDisk", "node": .selector(node), "factor": .count(factor)]
        case .hangDisk(let node): ["fault": "hangDisk", "node": .selector(node)]
        case .rotLog(let node, let entries, let sparing):
            [
                "fault": "rotLog", "node": .selector(node), "entries": .count(entries),
                "sparing": .count(sparing),
            ]
        case .stepClock(let node, let milliseconds):
            ["fault": "stepClock", "node": .selector(node), "by": .integer(milliseconds)]
        case .handOver(let node): ["fault": "handOver", "node": .selector(node)]
        case .upgrade(let node, let span):
            ["fault": "upgrade", "node": .selector(node), "for": .span(span)]
        case .raiseFeatureLevel(let asks): ["fault": "raiseFeatureLevel", "asks": .bool(asks)]
        case .theft(let loot, let span): ["fault": "theft", "loot": .string("\(loot)"), "for": .span(span)]
        case .wipeDisks(let node): ["fault": "wipeDisks", "node": .selector(node)]
        case .poison(let poison, let node):
            [
                "fault": "poison", "node": .selector(node), "command": .string("\(poison.command)"),
                "path": .string("\(poison.path)"),
            ]
        case .backup(let node): ["fault": "backup", "node": .selector(node)]
        case .restoreBackup(let fate): ["fault": "restoreBackup", "revocations": .string("\(fate)")]
        case .byzantine(let role, let span):
            ["fault": "byzantine", "role": .string("\(role)"), "for": .span(span)]
        case .revokeAgents(let count): ["fault": "revokeAgents", "agents": .count(count)]
        case .state(let node, let count, let kind):
            ["fault": "state", "node": .selector(node), "agents": .count(count), "level": .string("\(kind)")]
        case .correctClocks: ["fault": "correctClocks"]
        case .repairAll: ["fault": "repair"]
        }
    }

    /// As bundles have it; as scenario files have it, but for its capitals.
    package var name: String { json["fault"]?.stringValue ?? "" }
    static let crashDuringWriteName = "\(Name.crashDuringWrite)"
    static let crashWhenElectedName = "\(Name.crashWhenElected)"
    static let failWriteName = "\(Name.failWrite)"
    package static let names = Name.allCases.map { "\($0)" }

    private static func crash(_ name: String, _ node: NodeSelector, _ crash: Crash, _ span: Span) -> JSONValue {
        ["fault": .string(name), "node": .selector(node), "crash": .string("\(crash)"), "for": .span(span)]
    }

    init(_ fields: BundleFields) throws(BundleFlaw) {
        switch try fields.choice("fault", of: Name.self) {
        case .isolate: self = .isolate(try fields.selector("node"))
        case .split: self = .split(try Self.groups(fields))
        case .cut: self = .cut(from: try fields.selector("from"), to: try fields.selector("to"))
        case .clog:
            self = .clog(
                from: try fields.selector("from"),
                to: try fields.selector("to"),
                for: try fields.span("for")
            )
        case .heal: self = .healNetwork
        case .network: self = .network(try NetworkQuality(fields))
        case .crash:
            self = .crash(
                try fields.selector("node"),
                try fields.choice("crash", of: Crash.self),
                downFor: try fields.span("for")
            )
        case .crashDuringWrite:
            self = .crashDuringWrite(
                try fields.selector("node"),
                try fields.choice("crash", of: Crash.self),
                downFor: try fields.span("for")
            )
        case .crashWhenElected:
            self = .crashWhenElected(try fields.choice("crash", of: Crash.self), downFor: try fields.span("for"))
        case .stop: self = .stop(try fields.selector("node"), downFor: try fields.span("for"))
        case .crashLoop:
            self = .crashLoop(
                try fields.selector("node"),
                try fields.choice("crash", of: Crash.self),
                times: UInt64(try fields.number("times", in: 1...100)),
                every: try fields.span("every")
            )
        case .pause: self = .pause(try fields.selector("node"), for: try fields.span("for"))
        case .fillDisk: self = .fillDisk(try fields.selector("node"), for: try fields.span("for"))
        case .failWrite: self = .failWrite(try fields.selector("node"), downFor: try fields.span("for"))
        case .misdirectWrite:
            let back = UInt64(try fields.number("back", in: 1...100_000))
            self = .misdirectWrite(try fields.selector("node"), back: back)
        case .slowDisk:
            let factor = UInt64(try fields.number("factor", in: 1...100_000))
            self = .slowDisk(try fields.selector("node"), factor: factor)
        case .hangDisk: self = .hangDisk(try fields.selector("node"))
        case .rotLog:
            self = .rotLog(
                try fields.selector("node"),
                entries: UInt64(try fields.number("entries", in: 1...100_000)),
                sparing: UInt64(try fields.number("sparing", in: 0...100_000))
            )
        case .stepClock:
            // A hundred years either way, as scenario files have it.
            let bound: Int64 = 3_153_600_000_000
            self = .stepClock(try fields.selector("node"), milliseconds: try fields.number("by", in: -bound...bound))
        case .handOver: self = .handOver(to: try fields.selector("node"))
        case .upgrade: self = .upgrade(try fields.selector("node"), downFor: try fields.span("for"))
        case .raiseFeatureLevel: self = .raiseFeatureLevel(asks: try fields.flag("asks"))
        case .theft:
            self = .theft(try fields.choice("loot", of: Loot.self), noticedAfter: try fields.span("for"))
        case .wipeDisks: self = .wipeDisks(try fields.selector("node"))
        case .poison:
            let poison = Poison(
                try fields.choice("command", of: Poison.Command.self),
                through: try fields.choice("path", of: Poison.Path.self)
            )
            self = .poison(poison, at: try fields.selector("node"))
        case .backup: self = .backup(try fields.selector("node"))
        case .restoreBackup:
            self = .restoreBackup(try fields.choice("revocations", of: RevocationsFate.self))
        case .byzantine:
            self = .byzantine(try fields.choice("role", of: Liar.self), for: try fields.span("for"))
        case .revokeAgents: self = .revokeAgents(count: UInt64(try fields.number("agents", in: 1...10_000)))
        case .state:
            self = .state(
                try fields.selector("node"),
                agents: UInt64(try fields.number("agents", in: 1...1000)),
                try fields.choice("level", of: RevocationKind.self)
            )
        case .correctClocks: self = .correctClocks
        case .repair: self = .repairAll
        }
    }

    private static func groups(_ fields: BundleFields) throws(BundleFlaw) -> [[NodeSelector]] {
        var groups: [[NodeSelector]] = []
        for group in try fields.array("groups") {
            let selectors = (group.arrayValue ?? []).compactMap(BundleFields.selector)
            guard let count = group.arrayValue?.count, selectors.count == count else {
                throw fields.flaw("groups", .badValue("expected lists of nodes"))
            }
            groups.append(selectors)
        }
        return groups
    }
}

extension NetworkQuality {
    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        self.init(
            minimumLatency: try fields.span("latency"),
            meanExtraLatency: try fields.span("jitter"),
            lossPPM: UInt64(try fields.number("loss", in: 0...1_000_000)),
            duplicationPPM: UInt64(try fields.number("duplication", in: 0...1_000_000)),
            reorders: try fields.flag("reorders"),
            // Not in bundles of before there was any.
            bandwidth: fields.has("bandwidth")
                ? UInt64(
                    try fields.number(
                        "bandwidth",
                        in: Int64(Self.bandwidths.lowerBound)...Int64(Self.bandwidths.upperBound)
                    )
                ) : nil
        )
    }
}
