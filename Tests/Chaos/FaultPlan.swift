import Kernel

/// What can be done to a node, its disk, its clock or the network.
enum FaultKind: String, CaseIterable, Sendable {
    case kill = "kill -9"
    case stop = "SIGSTOP"
    case isolation = "isolated"
    case oneWayPartition = "one-way partition"
    case partialPartition = "partial partition"
    case slowDisk = "slow disk"
    case failingDisk = "failing disk"
    case fullDisk = "full disk"
    case clockStep = "clock step"
}

struct PlannedFault: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        /// Whoever leads then.
        case leader
        case node(Int)
        /// Counted on from the node that the first fault of the round hits.
        case other(Int)
    }

    let kind: FaultKind
    let target: Target
    /// How much longer a sync takes, or by how much a clock is wrong.
    let milliseconds: Int
    /// Whether what is cut off is what the node sends (else what it receives); which of the two others it cannot reach;
    /// whether a disk is full all of a sudden (else free space is seen to end first).
    let variant: Bool
}

/// Faults that begin and end together, and the rest after them.
struct FaultRound: Hashable, Sendable {
    let faults: [PlannedFault]
    let holdMilliseconds: UInt64
    let restMilliseconds: UInt64
}

/// Rounds of faults without end. The same seed and kinds give the same rounds.
struct FaultPlan: Sendable {
    private let kinds: [FaultKind]
    private var random: SeededRandom
    /// Kinds whose turn comes before any comes again.
    private var bag: [FaultKind] = []

    static let nodeCount = 3

    init(seed: UInt64, kinds: [FaultKind]) {
        self.kinds = kinds
        random = SeededRandom(seed: seed)
    }

    mutating func next() -> FaultRound {
        var faults: [PlannedFault] = []
        if let kind = drawKind() {
            let target: PlannedFault.Target = below(2) == 0 ? .leader : .node(below(Self.nodeCount))
            faults.append(fault(kind, target))
        }
        // A second fault at a time takes the majority away, unless it is of another kind that leaves it.
        if below(4) == 0, let kind = drawKind() { faults.append(fault(kind, .other(1 + below(2)))) }
        return FaultRound(
            faults: faults,
            holdMilliseconds: UInt64(500 + below(6000)),
            restMilliseconds: UInt64(500 + below(3500))
        )
    }

    private mutating func drawKind() -> FaultKind? {
        if bag.isEmpty { bag = kinds.shuffled(using: &random) }
        return bag.popLast()
    }

    private mutating func fault(_ kind: FaultKind, _ target: PlannedFault.Target) -> PlannedFault {
        let milliseconds =
            switch kind {
            case .slowDisk: [20, 100, 400, 1500, 6000][below(5)]
            case .clockStep: [60, 300, 900, 5000, 600_000][below(5)] * (below(2) == 0 ? 1 : -1)
            default: 0
            }
        return PlannedFault(kind: kind, target: target, milliseconds: milliseconds, variant: below(2) == 0)
    }

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}
