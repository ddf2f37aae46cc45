import Kernel
import Sealing
import Testing

/// Seven members with a Raft that is reduced to what seals rest on, receivers, and a network that loses, repeats and reorders.
///
/// An election and an append to one follower are a step each; what is asynchronous here are seals. Leaders that were superseded go
/// on until they hear of it; configurations are in force when applied, as in `Consensus`.
struct SealWorld {
    struct Entry: Hashable {
        let term: Term
        let time: WallTime
        let hash: Digest
        /// What an entry of the configuration puts in force.
        let voters: VoterSet?
    }

    struct Node {
        let number: UInt64
        /// Of its wall clock from true time, in milliseconds.
        let offset: UInt64
        var term = Term(1)
        var leader: MemberID?
        var log: [Entry] = []
        var commit = 0
        var roots: RootHistory
        var signer: SealSigner
        var collector: SealCollector
        var watch: SealWatch
        var durableMark: SealMark?
        /// Of a leader.
        var match: [Int] = Array(repeating: 0, count: 8)
        var pendingChange = 0
        /// Until then no message of consensus reaches it, while seals' do: the worst case for a leader that was superseded.
        var deafUntil: UInt64 = 0

        var id: MemberID { MemberID(number) }
        var leads: Bool { leader == id }
        var applied: Int { Int(roots.newest.index.number) }
        var voters: VoterSet { roots.newest.voters }
        var isVoter: Bool { voters.key(of: id) != nil }
        var hasCommittedInTerm: Bool { commit > 0 && log[commit - 1].term == term }
        var last: (Term, Int) { (log.last?.term ?? .zero, log.count) }
    }

    enum Letter: Hashable {
        case ask(SealStatement)
        case answer(SealAnswer)
        case seal(Seal, TransitionSeal?)
        case persisted(SealMark)
        case sign(SealStatement)
    }

    struct Mail: Hashable {
        let from: UInt64
        let to: UInt64
        let letter: Letter
    }

    struct Made: Hashable {
        let seal: Seal
        let leader: UInt64
    }

    var random: SeededRandom
    var now: UInt64 = 1000
    var nodes: [Node] = []
    var mail: [Mail] = []
    var receivers: [Receiver] = []
    /// The log that was committed, each entry with the true time of the first commit that any leader knew of.
    var committed: [(hash: Digest, voters: VoterSet, at: UInt64)] = []
    var seals: [Made] = []
    var transitions = 0
    var elections = 0
    var forgeries = 0

    static let size: UInt64 = 7
    /// Faster than real ones, so that a short run has many seals.
    static var options: SealOptions {
        var options = SealOptions()
        options.busyInterval = .milliseconds(10)
        options.idleInterval = .milliseconds(40)
        options.patience = .milliseconds(100)
        return options
    }

    let genesis: VoterSet

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let count = [3, 3, 4, 5, 7][Int(seed % 5)] as UInt64
        genesis = SealingTests.Made.voters(Array(1...count))
        let point = SealPoint(term: .zero, index: .zero, head: .zero, root: Self.root(of: .zero), voters: genesis)
        for number in 1...Self.size {
            let offset = UInt64.random(in: 0...400, using: &random)
            nodes.append(
                Node(
                    number: number,
                    offset: offset,
                    roots: RootHistory(at: point, time: nil),
                    signer: SealSigner(lineage: SealingTests.Made.lineage, mark: nil, term: Term(1)),
                    collector: SealCollector(
                        lineage: SealingTests.Made.lineage,
                        sealedVoters: genesis,
                        options: Self.options
                    ),
                    watch: SealWatch(from: Self.trusted(point))
                )
            )
        }
        receivers = (0..<3).map { _ in Receiver(log: SealedLog(from: Self.trusted(point))) }
    }

    static func trusted(_ point: SealPoint) -> TrustedHead {
        let checkpoint = Checkpoint(
            lineage: SealingTests.Made.lineage,
            index: point.index,
            head: point.head,
            root: point.root,
            time: WallTime(milliseconds: SealingTests.Made.start),
            voters: point.voters
        )
        do {
            return try TrustedHead(checkpoint, at: WallTime(milliseconds: SealingTests.Made.start))
        } catch {
            fatalError("\(error)")
        }
    }

    /// A state is a function of the log.
    static func root(of head: Digest) -> Digest { .of(Array("root of ".utf8) + head.bytes) }

    func moment(of place: Int) -> Moment { Moment(now + nodes[place].offset) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    mutating func anyNode() -> Int { Int.random(in: nodes.indices, using: &random) }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            now += UInt64.random(in: 0...1, using: &random)
            step()
        }
    }

    mutating func step() {
        let place = anyNode()
        let leaders = nodes.indices.filter { nodes[$0].leads }
        // Where nobody leads for long, nothing can go wrong.
        if leaders.isEmpty, chance(3) { elect(place) }
        let leader = leaders.randomElement(using: &random) ?? place
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<3: elect(place)
        case 3..<50 where !isQuiet: propose(leader, change: nil)
        case 50..<55 where !isQuiet: change(leader)
        case 55..<300: replicate(from: leader, to: anyNode())
        case 300..<450: apply(place)
        case 450..<454: crash(place)
        case 454..<520: wake(leader)
        case 520..<640: feed(Int.random(in: receivers.indices, using: &random), from: place)
        case 640..<650: forge()
        case 650..<930: deliver()
        case 930..<980: insist()
        default: break
        }
    }
}
