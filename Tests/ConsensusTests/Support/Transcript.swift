import Consensus
import Kernel

/// Carries out the commands of a golden file and tells what every member did.
///
///     group 3 [window=BYTES] [inflight=N]   a group whose logs hold one committed entry
///     group 4 voters=3     the same, where member 4 waits with an empty disk to be added
///     timeout N            time jumps to when member N is due, and it alone is woken
///     heartbeat N          the same, told of a leader
///     heartbeats N lost=COUNT               several, of which nobody hears; tells only who became what
///     heartbeats N count=COUNT [cut=N,N]    several, with all that follows, quietly
///     deliver|drop [from=N] [to=N]          messages under way, oldest first
///     sync|apply|work N    the member's disk, state machine or other work does one thing
///     settle [cut=N,N]     everything that can happen without time passing; links to cut members lose all
///     settle quiet         the same, telling only who became what
///     change N [implicit|explicit] [voter|learner|remove=N,N] [text=TEXT]   no change at all leaves a joint configuration
///     read N               asks member N for the index of a linearizable read
///     closed N of=N        member N is told that the link to another was closed
///     hang|unhang N        the member's disk stops and goes on
///     pass MILLISECONDS    time passes, with all that follows, quietly
///     propose N TEXT...    transfer N to=N    mayLead N BOOL    crash N    compact N    status [N]
struct Transcript {
    struct Command {
        let verb: String
        let words: [String]
        let options: [String: String]

        init(_ line: String) {
            let parts = line.split(separator: " ").map(String.init)
            verb = parts.first ?? ""
            words = parts.dropFirst().filter { !$0.contains("=") }
            let pairs = parts.filter { $0.contains("=") }.map {
                $0.split(separator: "=", maxSplits: 1).map(String.init)
            }
            options = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") })
        }

        /// The member that is named first, counted from 0.
        var place: Int { (words.first.flatMap { Int($0) } ?? 1) - 1 }
        func place(_ option: String) -> Int? { options[option].flatMap { Int($0) }.map { $0 - 1 } }
    }

    private final class Lines {
        var all: [String] = []
    }

    private var group = Group(1)
    private let lines = Lines()

    mutating func run(_ line: String) -> [String] {
        lines.all = []
        carry(Command(line))
        lines.all += group.violations.map { "VIOLATION \($0)" }
        return lines.all.isEmpty ? ["ok"] : lines.all
    }

    private mutating func carry(_ command: Command) {
        switch command.verb {
        case "group": start(command)
        case "timeout", "heartbeat": wake(command.place)
        case "heartbeats": heartbeats(command)
        case "deliver": deliver(command, isLost: false)
        case "drop": deliver(command, isLost: true)
        case "sync": group.sync(command.place)
        case "apply": group.apply(command.place)
        case "work": group.work(command.place)
        case "settle": settle(command)
        case "propose": group.propose(Array(command.words.dropFirst()), at: command.place)
        case "transfer":
            group.step(command.place, .transferLeadership(to: command.place("to").map { group.ids[$0] }))
        case "mayLead": group.step(command.place, .mayLead(command.words.last == "true"))
        case "change": group.change(change(command), text: command.options["text"] ?? "", at: command.place)
        case "hang": group.hung.insert(command.place)
        case "unhang": group.hung.remove(command.place)
        case "read": group.read(at: command.place)
        case "closed":
            if let other = command.place("of") { group.step(command.place, .linkClosed(group.ids[other])) }
        case "pass": pass(command)
        case "crash": group.crash(command.place)
        case "compact": group.compact(command.place)
        case "status": status(command)
        default: lines.all.append("unknown command \(command.verb)")
        }
    }

    private mutating func start(_ command: Command) {
        var options = RaftOptions()
        if let bytes = command.options["window"].flatMap({ Int($0) }) { options.windowBytes = bytes }
        if let count = command.options["inflight"].flatMap({ Int($0) }) { options.maxInflightAppends = count }
        if let bytes = command.options["append"].flatMap({ Int($0) }) { options.maxAppendBytes = bytes }
        let voters = command.options["voters"].flatMap { Int($0) }
        group = Group(command.place + 1, voters: voters, options: options)
        let (text, lines) = (Text(ids: group.ids), lines)
        group.trace = { place, effect in lines.all.append("n\(place + 1) \(text.effect(effect))") }
    }

    private func change(_ command: Command) -> ConfigurationChange {
        func members(_ option: String) -> [MemberID] {
            (command.options[option] ?? "").split(separator: ",").compactMap { Int($0) }.map { Group.id($0) }
        }
        let changes: [ConfigurationChange.Change] =
            members("voter").map { .addVoter($0) } + members("learner").map { .addLearner($0) }
            + members("remove").map { .remove($0) }
        let transition: ConfigurationChange.Transition =
            command.words.contains("implicit") ? .implicit : command.words.contains("explicit") ? .explicit : .auto
        return ConfigurationChange(changes, transition: transition)
    }

    private mutating func pass(_ command: Command) {
        let isolated = (command.options["cut"] ?? "").split(separator: ",").compactMap { Int($0) }.map { $0 - 1 }
        group.pass(
            .milliseconds(command.words.first.flatMap { UInt64($0) } ?? 0),
            except: group.isCut(Set(isolated))
        )
        let kept = [" is ", " note ", " configuration ", " ready at ", " refused: "]
        lines.all.removeAll { line in !kept.contains { line.contains($0) } }
    }

    private mutating func wake(_ place: Int) {
        if let due = group.members[place].raft.nextWake { group.now = max(group.now, due) }
        group.step(place, .wake)
    }

    private mutating func heartbeats(_ command: Command) {
        let lost = command.options["lost"].flatMap { Int($0) }
        let count = command.options["count"].flatMap { Int($0) }
        for _ in 0..<(lost ?? count ?? 1) {
            wake(command.place)
            if lost == nil { settle(command) } else { group.mail = [] }
        }
        lines.all.removeAll { !$0.contains(" is ") && !$0.contains(" note ") }
    }

    /// What is sent in answer waits for the next command.
    private mutating func deliver(_ command: Command, isLost: Bool) {
        func isMeant(_ message: Message) -> Bool {
            (command.place("from").map { group.ids[$0] == message.from } ?? true)
                && (command.place("to").map { group.ids[$0] == message.to } ?? true)
        }
        let meant = group.mail.filter(isMeant)
        group.mail.removeAll(where: isMeant)
        for message in meant {
            if isLost {
                lines.all.append("lost \(Text(ids: group.ids).message(message))")
            } else if let place = group.ids.firstIndex(of: message.to) {
                group.step(place, .receive(message))
            }
        }
    }

    private mutating func settle(_ command: Command) {
        let isolated = (command.options["cut"] ?? "").split(separator: ",").compactMap { Int($0) }.map { $0 - 1 }
        group.settle(except: group.isCut(Set(isolated)))
        if command.words.contains("quiet") { lines.all.removeAll { !$0.contains(" is ") } }
    }

    private func status(_ command: Command) {
        let places = command.words.isEmpty ? Array(group.members.indices) : [command.place]
        lines.all += places.map { Text(ids: group.ids).status($0, group.members[$0].raft) }
    }
}
