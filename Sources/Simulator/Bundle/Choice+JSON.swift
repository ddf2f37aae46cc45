internal import Directory
internal import JSON
internal import Kernel

extension Choice {
    private static let fields = [
        "time", "kind", "subject", "node", "peer", "process", "number", "value", "pause", "step", "act", "document",
        "agent", "about", "escalation",
        "until", "draft", "version", "warrant", "sequence", "flaw",
        "labelled", "canary",
    ]

    /// One line of a bundle's file.
    var json: JSONValue {
        var members: [(String, JSONValue)] = [("time", .instant(time)), ("kind", .string("\(key.kind)"))]
        if key.subject != .none { members.append(("subject", .string("\(key.subject)"))) }
        if key.kind.hasNode { members.append(("node", .machine(Int(key.node)))) }
        if key.kind.hasPeer { members.append(("peer", .machine(Int(key.peer)))) }
        if key.process != 0 { members.append(("process", .count(UInt64(key.process)))) }
        if key.number != 0 { members.append(("number", .count(UInt64(key.number)))) }
        switch value {
        case .number(let number): members.append(("value", .integer(number)))
        case .fault(let fault): members += (fault.json.objectValue ?? []).map { ($0.name, $0.value) }
        case .operation(let operation):
            members += [("node", .machine(operation.node)), ("pause", .span(operation.pause))] + operation.act.members
        case .undertaking(let undertaking):
            members += [("step", .string("\(undertaking.step)")), ("node", .machine(undertaking.node))]
        }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    init(_ value: JSONValue, _ file: String, line: Int) throws(BundleFlaw) {
        let fields = try BundleFields(value, file, at: "line \(line)", known: Self.fields + Fault.fields)
        let kind = try fields.choice("kind", of: ChoiceKey.Kind.self)
        let key = ChoiceKey(
            kind,
            fields.has("subject") ? try fields.choice("subject", of: ChoiceKey.Subject.self) : .none,
            node: kind.hasNode ? try fields.machine("node") : 0,
            peer: kind.hasPeer ? try fields.machine("peer") : 0,
            process: fields.has("process") ? UInt64(try fields.number("process", in: 0...Int64(UInt32.max))) : 0,
            number: fields.has("number") ? try fields.count("number", in: 0...Int(UInt32.max)) : 0
        )
        self.init(key, try Self.value(of: kind, fields), at: try fields.instant("time"))
    }

    private static func value(of kind: ChoiceKey.Kind, _ fields: BundleFields) throws(BundleFlaw) -> Value {
        if let range = kind.range { return .number(try fields.number("value", in: range)) }
        switch kind {
        case .fault: return .fault(try Fault(fields))
        case .undertaking:
            let step = try fields.choice("step", of: Membership.Step.self)
            return .undertaking(ChosenUndertaking(step, node: try fields.machine("node")))
        default:
            let (node, pause) = (try fields.machine("node"), try fields.span("pause"))
            return .operation(ChosenOperation(try ClientAct(fields), node: node, pause: pause))
        }
    }
}

extension ChoiceKey.Kind {
    /// Whether it is about one machine.
    fileprivate var hasNode: Bool {
        switch self {
        case .zone, .clockDrift, .clockError, .loss, .delay, .duplicate, .linkClosing, .linkReview, .disk, .crashPoint,
            .doneBeforeCrash, .keptWrites, .lostTransactions, .hiddenLog, .scrub, .timers, .wipe, .lie,
            .stateSource, .forgedState, .servedState, .withheld:
            true
        case .option, .encodedFrames, .spares, .seals, .edges, .zoneDistance, .usualLoss, .core, .olderLevel, .fault,
            .operation,
            .undertaking,
            .target,
            .deadline, .retryPause,
            .operatorPause:
            false
        }
    }

    /// Whether it is about two.
    fileprivate var hasPeer: Bool {
        switch self {
        case .loss, .delay, .duplicate, .linkClosing, .linkReview: true
        default: false
        }
    }
}

extension ClientAct {
    private enum Name: CaseIterable {
        case update, updateSeen, createAgent, grant, draft, activate, revoke, quarantine, lift, remove
        case read, readCurrent, decide, pry, escalate, state, withdrawWarrant
        case label, rollOut, steerRollout
    }

    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .update(let document): [("act", "update"), ("document", .count(document))]
        case .updateSeen(let document): [("act", "updateSeen"), ("document", .count(document))]
        case .createAgent(let agent): [("act", "createAgent"), ("agent", .count(agent))]
        case .grant(let agent, let end):
            [("act", "grant"), ("agent", .count(agent)), ("until", .count(end.milliseconds))]
        case .draft(let number): [("act", "draft"), ("draft", .count(number))]
        case .activate(let version): [("act", "activate"), ("version", .count(version))]
        case .revoke(let agent): [("act", "revoke"), ("agent", .count(agent))]
        case .quarantine(let agent): [("act", "quarantine"), ("agent", .count(agent))]
        case .lift(let agent): [("act", "lift"), ("agent", .count(agent))]
        case .remove(let agent): [("act", "remove"), ("agent", .count(agent))]
        case .read(let document): [("act", "read"), ("document", .count(document))]
        case .readCurrent(let document): [("act", "readCurrent"), ("document", .count(document))]
        case .decide(let agent, let document):
            [("act", "decide"), ("agent", .count(agent)), ("document", .count(document))]
        case .pry(let agent, let about, let document):
            [("act", "pry"), ("agent", .count(agent)), ("about", .count(about)), ("document", .count(document))]
        case .escalate(let agent, let escalation):
            [("act", "escalate"), ("agent", .count(agent)), ("escalation", .string(escalation.rawValue))]
        case .state(let act):
            [
                ("act", "state"), ("agent", .count(act.agent)), ("warrant", .count(act.warrant)),
                ("sequence", .count(UInt64(act.sequence))), ("level", .string("\(act.kind)")),
                ("flaw", .string("\(act.flaw)")),
            ]
        case .withdrawWarrant(let number): [("act", "withdrawWarrant"), ("warrant", .count(number))]
        case .label(let node, let isCanary):
            [("act", "label"), ("labelled", .machine(node)), ("canary", .bool(isCanary))]
        case .rollOut(let version): [("act", "rollOut"), ("version", .count(version))]
        case .steerRollout(let step): [("act", "steerRollout"), ("step", .string("\(step)"))]
        }
    }

    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        func document() throws(BundleFlaw) -> Int { try fields.count("document", in: 0...Population.documentCount - 1) }
        func agent(_ field: String = "agent") throws(BundleFlaw) -> Int {
            try fields.count(field, in: 0...Population.agentCount - 1)
        }
        func warrant() throws(BundleFlaw) -> Int {
            try fields.count("warrant", in: 0...Population.warrantNames.count - 1)
        }
        switch try fields.choice("act", of: Name.self) {
        case .update: self = .update(document: try document())
        case .updateSeen: self = .updateSeen(document: try document())
        case .createAgent: self = .createAgent(try agent())
        case .grant:
            let end = WallTime(milliseconds: UInt64(try fields.number("until", in: 0...253_402_300_799_999)))
            self = .grant(agent: try agent(), until: end)
        case .draft: self = .draft(try fields.count("draft", in: 0...1_000_000_000))
        case .activate: self = .activate(version: UInt64(try fields.number("version", in: 0...1_000_000_000)))
        case .revoke: self = .revoke(agent: try agent())
        case .quarantine: self = .quarantine(agent: try agent())
        case .lift: self = .lift(agent: try agent())
        case .remove: self = .remove(agent: try agent())
        case .read: self = .read(document: try document())
        case .readCurrent: self = .readCurrent(document: try document())
        case .decide: self = .decide(agent: try agent(), document: try document())
        case .pry: self = .pry(agent: try agent(), about: try agent("about"), document: try document())
        case .escalate: self = .escalate(agent: try agent(), try fields.choice("escalation", of: Escalation.self))
        case .state:
            self = .state(
                StatementAct(
                    warrant: try warrant(),
                    sequence: UInt32(try fields.number("sequence", in: 0...Int64(UInt32.max))),
                    kind: try fields.choice("level", of: RevocationKind.self),
                    agent: try agent(),
                    flaw: try fields.choice("flaw", of: StatementAct.Flaw.self)
                )
            )
        case .withdrawWarrant: self = .withdrawWarrant(try warrant())
        case .label:
            let node = try fields.machine("labelled")
            self = .label(node: node, isCanary: try fields.flag("canary"))
        case .rollOut: self = .rollOut(version: UInt64(try fields.number("version", in: 0...1_000_000_000)))
        case .steerRollout: self = .steerRollout(try fields.choice("step", of: RolloutStep.self))
        }
    }
}
