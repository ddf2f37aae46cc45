import Consensus
import Kernel
import Testing

@Suite("Raft, whatever the schedule") struct PropertyTests {
    static let seeds: [UInt64] = Array(0..<96)

    @Test("is safe, and lives when the faults end", arguments: seeds)
    func safety(seed: UInt64) {
        var schedule = HostileSchedule(seed: seed)
        for _ in 0..<6000 { schedule.step() }
        #expect(schedule.group.violations.isEmpty, "seed \(seed): \(schedule.group.violations.prefix(3))")
        #expect(
            schedule.proposals > 10,
            "seed \(seed) proposed \(schedule.proposals) times: too hostile to mean anything"
        )
        #expect(schedule.group.checker.committed.count > 10, "seed \(seed) committed next to nothing")
        #expect(!schedule.group.checker.leaders.isEmpty, "seed \(seed) elected nobody")

        schedule.heal()
        var group = schedule.group
        group.settle()
        group.pass(.seconds(5))
        if let leader = group.leader(), group.members[leader].configuration.isJoint {
            group.change(.leave, at: leader)
            group.settle()
        }
        let before = group.checker.committed.count
        if let leader = group.leader() { group.propose("last", at: leader) }
        group.pass(.seconds(2))
        #expect(group.checker.committed.count > before, "seed \(seed): nothing commits after healing")
        let configuration = group.members[group.leader() ?? 0].configuration
        let lengths = group.members.filter { configuration.contains($0.raft.id) }.map(\.state.count)
        #expect(Set(lengths).count == 1, "seed \(seed): states differ in length after healing: \(lengths)")
        #expect(!configuration.isJoint, "seed \(seed): the configuration stays joint")
        #expect(group.openReads.isEmpty, "seed \(seed): \(group.openReads.count) reads were never answered")
        #expect(group.violations.isEmpty, "seed \(seed): \(group.violations.prefix(3))")
    }

    @Test("the schedules reach what is rare") func reach() {
        var (reads, ownReads, installs, cuts, brokenChains) = (0, 0, 0, 0, 0)
        var (changes, joint, readsReady, removals, refusedChanges, leaders) = (0, 0, 0, 0, 0, 0)
        for seed in Self.seeds {
            var schedule = HostileSchedule(seed: seed)
            for _ in 0..<4000 { schedule.step() }
            reads += schedule.group.reads
            ownReads += schedule.group.ownReads
            installs += schedule.group.installs
            cuts += schedule.group.checker.cuts
            brokenChains += schedule.group.members.reduce(0) { $0 + Int($1.raft.counters.brokenChains) }
            leaders += schedule.group.checker.leaders.count
            changes += schedule.group.checker.configurations.count
            joint += schedule.group.checker.configurations.count { $0.isJoint }
            readsReady += schedule.group.readsReady
            removals += schedule.group.members.reduce(0) { $0 + $1.removals }
            refusedChanges += schedule.group.checker.refusedChanges
        }
        #expect(leaders > 2 * Self.seeds.count, "\(leaders) leaders were elected")
        #expect(changes > 300, "\(changes) configurations were in force")
        #expect(joint > 50, "\(joint) of them joint")
        #expect(removals > 10, "a leader was removed \(removals) times")
        #expect(refusedChanges > 10, "the state machine refused \(refusedChanges) changes")
        #expect(readsReady > 500, "\(readsReady) reads were answered")
        #expect(reads > 10, "old entries were read back \(reads) times")
        #expect(ownReads > 40, "what was to be applied was read back \(ownReads) times")
        #expect(installs > 10, "\(installs) snapshots were installed")
        #expect(cuts > 10, "\(cuts) conflicting suffixes were cut off")
        #expect(brokenChains == 0)
    }
}

/// Loss, duplication, reordering, partitions, slow disks, crashes and compaction, drawn from a seed.
struct HostileSchedule {
    var group: Group
    private var random: SeededRandom
    /// Directed links that lose everything.
    private var cutLinks: Set<Link> = []
    private(set) var proposals = 0

    private struct Link: Hashable {
        let from: MemberID
        let to: MemberID
    }

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var options = RaftOptions()
        options.windowBytes = 400
        // So that members that apply slowly read back what they are to apply.
        if seed % 3 == 0 { options.maxUnappliedBytes = 500 }
        options.maxAppendBytes = 300
        options.maxInflightAppends = 4
        options.maxApplyCount = 3
        group = Group(seed % 4 == 3 ? 7 : 5, voters: seed % 4 == 3 ? 5 : 3, options: options)
    }

    private mutating func draw(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    /// One thing happens: mostly progress, sometimes a fault.
    mutating func step() {
        let place = draw(group.ids.count)
        switch draw(1000) {
        case 0..<420: deliver()
        case 420..<440: if !group.mail.isEmpty { group.mail.remove(at: draw(group.mail.count)) }
        case 440..<460: if !group.mail.isEmpty { group.mail.append(group.mail[draw(group.mail.count)]) }
        case 460..<660: group.sync(place)
        case 660..<730: group.apply(place)
        case 730..<790: group.work(place)
        case 790..<830: propose()
        case 830..<838: change()
        case 838..<853: group.read(at: place)
        case 853..<978:
            group.now = group.now.advanced(by: Span(microseconds: UInt64.random(in: 0..<30_000, using: &random)))
            if group.isDue(place) { group.step(place, .wake) }
        case 978..<980: closeLink(at: place)
        case 980..<986: group.crash(place)
        case 986..<990: group.compact(place)
        case 990..<992: group.step(place, .transferLeadership(to: group.ids[draw(group.ids.count)]))
        case 992..<994: group.step(place, .mayLead(Bool.random(using: &random)))
        case 994..<997: partition()
        default: cutLinks = []
        }
        // Now and then everything that is under way arrives, or faults alone would leave no time for anything rare.
        if draw(60) == 0 {
            group.settle { [cutLinks] in cutLinks.contains(Link(from: $0.from, to: $0.to)) }
        }
        if cutLinks.isEmpty, draw(200) == 0 { for place in group.ids.indices { group.step(place, .mayLead(true)) } }
    }

    /// Usually one of the oldest messages, sometimes any.
    private mutating func deliver() {
        guard !group.mail.isEmpty else { return }
        let place = draw(draw(20) == 0 ? group.mail.count : min(4, group.mail.count))
        let message = group.mail[place]
        if cutLinks.contains(Link(from: message.from, to: message.to)) {
            group.mail.remove(at: place)
        } else {
            group.deliver(place)
        }
    }

    private mutating func propose() {
        // A deposed leader may be asked too.
        let leaders = group.ids.indices.filter { group.members[$0].raft.role == .leader }
        guard !leaders.isEmpty else { return }
        proposals += 1
        group.propose("c\(proposals)", at: leaders[draw(leaders.count)])
    }

    /// Any change of one or two members, of which many are not admitted.
    private mutating func change() {
        guard let leader = group.ids.indices.first(where: { group.members[$0].raft.role == .leader }) else { return }
        if group.members[leader].configuration.isJoint, draw(2) == 0 { return group.change(.leave, at: leader) }
        let changes = (0...draw(2)).map { _ -> ConfigurationChange.Change in
            let member = group.ids[draw(6) == 0 ? leader : draw(group.ids.count)]
            return switch draw(4) {
            case 0, 1: .addVoter(member)
            case 2: .addLearner(member)
            default: .remove(member)
            }
        }
        let transition = ConfigurationChange.Transition.allCases[draw(3)]
        let text = draw(8) == 0 ? "refuse" : ""
        group.change(ConfigurationChange(changes, transition: transition), text: text, at: leader)
    }

    /// Usually a true hint, since the other side crashes; sometimes a false one.
    private mutating func closeLink(at place: Int) {
        if draw(3) > 0 { group.crash(place) }
        for other in group.ids.indices where other != place && draw(4) > 0 {
            group.step(other, .linkClosed(group.ids[place]))
        }
    }

    /// One member loses all links, or each link is lost one way with even odds.
    private mutating func partition() {
        let isolated = group.ids[draw(group.ids.count)]
        let isOneWay = draw(2) == 0
        for from in group.ids {
            for to in group.ids where from != to {
                if isOneWay ? draw(3) == 0 : from == isolated || to == isolated {
                    cutLinks.insert(Link(from: from, to: to))
                }
            }
        }
    }

    /// Ends all faults.
    mutating func heal() {
        cutLinks = []
        for place in group.ids.indices { group.step(place, .mayLead(true)) }
    }
}
