internal import Directory
package import Kernel

/// One thing that a world was free to choose, and that did not take its neutral course: that a message was lost, that a node
/// crashed, that a client wrote.
package struct Choice: Hashable, Sendable {
    package let key: ChoiceKey
    package let value: Value
    /// When it takes effect, in the run that it was recorded in.
    package let time: Instant

    package enum Value: Hashable, Sendable {
        case number(Int64)
        case fault(Fault)
        case operation(ChosenOperation)
        case undertaking(ChosenUndertaking)
    }

    package init(_ key: ChoiceKey, _ value: Value, at time: Instant) {
        self.key = key
        self.value = value
        self.time = time
    }
}

/// What a client begins.
package struct ChosenOperation: Hashable, Sendable {
    package let act: ClientAct
    /// The machine that it asks first.
    package let node: Int
    /// How long until the load goes on, where nothing else says when.
    package let pause: Span

    package init(_ act: ClientAct, node: Int, pause: Span) {
        self.act = act
        self.node = node
        self.pause = pause
    }
}

/// What the operator of the members begins.
package struct ChosenUndertaking: Hashable, Sendable {
    package let step: Membership.Step
    package let node: Int

    package init(_ step: Membership.Step, node: Int) {
        self.step = step
        self.node = node
    }
}

/// What a client is about, by number: agents and documents of the population, drafts in their order.
package enum ClientAct: Hashable, Sendable {
    case update(document: Int)
    /// Provided that it is as a client was told last.
    case updateSeen(document: Int)
    case createAgent(Int)
    case grant(agent: Int, until: WallTime)
    case draft(Int)
    case activate(version: UInt64)
    case revoke(agent: Int)
    case quarantine(agent: Int)
    /// The first of the statements that stand against it.
    case lift(agent: Int)
    /// With all that it was granted.
    case remove(agent: Int)
    case read(document: Int)
    case readCurrent(document: Int)
    case decide(agent: Int, document: Int)
    /// One agent asks what another may do, as the other.
    case pry(agent: Int, about: Int, document: Int)
    /// An agent asks for what is not its to ask for.
    case escalate(agent: Int, Escalation)
    case state(StatementAct)
    case withdrawWarrant(Int)
    /// Into the first ring of roll-outs, or out of it.
    case label(node: Int, isCanary: Bool)
    case rollOut(version: UInt64)
    case steerRollout(RolloutStep)

    var isWrite: Bool {
        switch self {
        case .update, .updateSeen, .createAgent, .grant, .draft, .activate, .revoke, .quarantine, .lift, .remove,
            .withdrawWarrant, .escalate, .label, .rollOut, .steerRollout:
            true
        case .read, .readCurrent, .decide, .pry, .state: false
        }
    }
}

/// What operators do to a roll-out: none opens a ring by hand, so that each that is opened has to be one that has soaked.
package enum RolloutStep: String, Hashable, Sendable, CaseIterable {
    case halt, resume, abort

    var act: RolloutAct {
        switch self {
        case .halt: .halt
        case .resume: .resume
        case .abort: .abort
        }
    }
}
