import Kernel

@testable import Consensus

/// The commands of etcd's interaction traces, on a group of members and the messages between them.
struct TraceGroup {
    private var nodes: [TraceNode] = []
    private var mail: [Letter] = []
    private var isQuiet = false
    private var lacking: String?

    mutating func run(_ directive: Directive) -> Outcome {
        if directive.verb == "log-level" {
            isQuiet = directive.words == ["none"]
            return .output([])
        }
        let lines = carry(directive)
        if nodes.contains(where: \.hasLeftOffice) {
            lacking = "a leader that is removed steps down and hands over, as a TODO in this trace wishes it did"
        }
        if let lacking { return .lacking(lacking) }
        return .output(isQuiet || directive.value("log-level") == "none" ? [] : lines)
    }

    private mutating func carry(_ directive: Directive) -> [String] {
        switch directive.verb {
        case "add-nodes": addNodes(directive)
        case "campaign": for place in places(directive) { nodes[place].campaign() }
        case "propose": return propose(directive)
        case "propose-conf-change": return proposeChange(directive)
        case "process-ready": return each(directive, "handling Ready") { $0.handleReady($1) }
        case "process-append-thread":
            return each(directive, "processing append thread") { $0.process($1, \.appendThread) }
        case "process-apply-thread":
            return each(directive, "processing apply thread") { $0.process($1, \.applyThread) }
        case "deliver-msgs": return deliver(directive)
        case "stabilize": return stabilize(places(directive))
        case "tick-heartbeat": for place in places(directive) { nodes[place].tick() }
        case "tick-election": for place in places(directive) { for _ in 0..<3 { nodes[place].tick() } }
        case "transfer-leadership": transfer(directive)
        case "compact": compact(directive)
        case "raft-state": return nodes.map(\.stateLine)
        case "status": return places(directive).flatMap { nodes[$0].statusLines }
        case "raft-log": return places(directive).flatMap { nodes[$0].logLines }
        case "forget-leader": for place in places(directive) { nodes[place].forgetLeader() }
        case "set-randomized-election-timeout":
            for place in places(directive) { nodes[place].electionTimeoutTicks = directive.number("timeout") }
        default: return ["unknown command \(directive.verb)"]
        }
        return []
    }

    /// Those that are named, else all.
    private func places(_ directive: Directive) -> [Int] {
        let named = directive.words.compactMap { Int($0) }.filter { nodes.indices.contains($0 - 1) }.map { $0 - 1 }
        return directive.words.isEmpty ? Array(nodes.indices) : named
    }

    private mutating func addNodes(_ directive: Directive) {
        if directive.value("read-only") == "lease-based" { lacking = "reads by lease" }
        var options = RaftOptions()
        if let count = directive.number("inflight") { options.maxInflightAppends = count }
        var settings = TraceNode.Settings()
        settings.hasStorageThreads = directive.flag("async-storage-writes")
        settings.hasPreVote = directive.flag("prevote")
        settings.hasCheckQuorum = directive.flag("checkquorum")
        settings.mayOverlapChanges = directive.flag("disable-conf-change-validation")
        if directive.number("max-committed-size-per-ready") != nil {
            // It is less than an entry's size, of which one fits all the same.
            settings.committedPerReady = 1
            options.maxApplyCount = 1
        }
        let base = SnapshotPoint(
            position: LogPosition(term: .zero, index: LogIndex(UInt64(directive.number("index") ?? 0))),
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(
                voters: QuorumCase.members(directive.list("voters")),
                learners: QuorumCase.members(directive.list("learners"))
            )
        )
        for _ in 0..<(directive.words.first.flatMap { Int($0) } ?? 0) {
            nodes.append(TraceNode(UInt64(nodes.count + 1), base: base, options: options, settings: settings))
        }
    }

    private mutating func propose(_ directive: Directive) -> [String] {
        guard let place = places(directive).first, nodes[place].propose(directive.words.last ?? "") else {
            return ["raft proposal dropped"]
        }
        return []
    }

    private mutating func proposeChange(_ directive: Directive) -> [String] {
        let transition: ConfigurationChange.Transition =
            switch directive.value("transition") {
            case "implicit": .implicit
            case "explicit": .explicit
            default: .auto
            }
        let change = ConfigurationChange(EtcdText.parseChanges(directive.input), transition: transition)
        let text = directive.flag("v1") ? String(decoding: EtcdText.firstVersion, as: UTF8.self) : ""
        guard let place = places(directive).first, nodes[place].propose(text, change: change) else {
            return ["raft proposal dropped"]
        }
        return []
    }

    private mutating func transfer(_ directive: Directive) {
        guard let from = directive.number("from"), let to = directive.number("to"), nodes.indices.contains(from - 1)
        else { return }
        nodes[from - 1].transferLeadership(to: MemberID(high: UInt64(to), low: 0))
    }

    private mutating func compact(_ directive: Directive) {
        guard let place = places(directive).first, let index = directive.words.last.flatMap({ UInt64($0) }) else {
            return
        }
        nodes[place].compact(through: LogIndex(index))
    }

    private mutating func handleReady(_ place: Int) -> [String] {
        let ready = nodes[place].handleReady()
        mail += ready.letters
        return ready.lines
    }

    private mutating func process(_ place: Int, _ thread: WritableKeyPath<TraceNode, [StorageWork]>) -> [String] {
        let done = nodes[place].process(thread)
        mail += done.answers
        return done.lines
    }

    /// Under a heading each when it is about more than one member.
    private mutating func each(
        _ directive: Directive,
        _ heading: String,
        _ action: (inout TraceGroup, Int) -> [String]
    ) -> [String] {
        let places = places(directive)
        return places.flatMap { place in
            let lines = action(&self, place)
            return places.count > 1 ? ["> \(place + 1) \(heading)"] + lines.map { "  " + $0 } : lines
        }
    }

    private mutating func take(for place: Int) -> [Letter] {
        let member = nodes.indices.contains(place) ? nodes[place].raft.id : MemberID(high: UInt64(place + 1), low: 0)
        let taken = mail.filter { $0.to == member }
        mail.removeAll { $0.to == member }
        return taken
    }

    private mutating func deliver(_ directive: Directive) -> [String] {
        var lines: [String] = []
        let dropped = (directive.list("drop") ?? []).compactMap { Int($0) }.map { $0 - 1 }
        for place in dropped {
            for letter in take(for: place) { lines += prefixed("dropped: ", letter.lines) }
        }
        for place in directive.words.compactMap({ Int($0) }).map({ $0 - 1 }) { lines += receive(place) }
        return lines.isEmpty ? ["no messages"] : lines
    }

    private func prefixed(_ prefix: String, _ lines: [String]) -> [String] {
        [prefix + (lines.first ?? "")] + lines.dropFirst()
    }

    private mutating func receive(_ place: Int) -> [String] {
        take(for: place).flatMap { letter in
            let strangers = nodes[place].raft.counters.misdirected
            nodes[place].receive(letter)
            let isDropped = nodes[place].raft.counters.misdirected > strangers
            return letter.lines + (isDropped ? ["raft: cannot step as peer not found"] : [])
        }
    }

    /// Until nothing is left to do: each handles what is ready, then each receives what was sent.
    private mutating func stabilize(_ places: [Int]) -> [String] {
        var lines: [String] = []
        for _ in 0..<1000 {
            let before = lines.count
            for place in places where nodes[place].hasReady {
                lines += ["> \(place + 1) handling Ready"] + handleReady(place).map { "  " + $0 }
            }
            for place in places where mail.contains(where: { $0.to == nodes[place].raft.id }) {
                lines += ["> \(place + 1) receiving messages"] + receive(place).map { "  " + $0 }
            }
            for place in places {
                lines += run(place, "append", \.appendThread)
            }
            for place in places {
                lines += run(place, "apply", \.applyThread)
            }
            if lines.count == before { return lines }
        }
        return lines + ["never settles"]
    }

    /// Until the thread has nothing left to do.
    private mutating func run(
        _ place: Int,
        _ name: String,
        _ thread: WritableKeyPath<TraceNode, [StorageWork]>
    ) -> [String] {
        var lines: [String] = []
        while !nodes[place][keyPath: thread].isEmpty { lines += process(place, thread).map { "  " + $0 } }
        return lines.isEmpty ? [] : ["> \(place + 1) processing \(name) thread"] + lines
    }
}

extension TraceNode {
    var stateLine: String {
        let vote = raft.configuration.isVoter(raft.id) ? "Voter" : "Non-Voter"
        return
            "\(raft.id.high): \(EtcdText.role(raft.role)) (\(vote)) Term:\(raft.term.number) Lead:\(EtcdText.id(raft.leader))"
    }

    /// The leader knows itself by what is durable.
    var statusLines: [String] {
        let durable = raft.durableIndex
        let own = (raft.id, "\(raft.id.high): StateReplicate match=\(durable.number) next=\(durable.next.number)")
        let others = raft.progress.map { ($0.member, EtcdText.progress($0, in: raft.configuration, raft.options)) }
        return (others + [own]).sorted { $0.0 < $1.0 }.map(\.1)
    }

    var logLines: [String] {
        var lines: [String] = []
        var index = raft.log.base.index.next
        while let entry = raft.log.entry(at: index) {
            lines.append(EtcdText.entry(entry))
            index = index.next
        }
        return lines
    }
}
