import Kernel

/// How a node finds its coordinate: Vivaldi with heights and an adaptive timestep (Dabek, Cox, Kaashoek and Morris, SIGCOMM 2004). Each
/// round trip that is measured pulls it towards the other node or pushes it away, by as much as the estimate was off.
///
/// Of what practice has added (Ledlie, Gardner and Seltzer, "Network Coordinates in the Wild", NSDI 2007) it has the filter of round
/// trips and the gravity. Not the neighbour decay, which is for neighbours of whom some are heard more often than others: here each has
/// its turn in every round.
///
/// Deviation: a step has a longest length, so that a neighbour which lies about its coordinate, or delays its answers, moves this node
/// by no more than that, once in a round. Only + - * / and square roots: every machine comes to the same.
struct Vivaldi: Sendable {
    /// Of the way to where a round trip would have this node, and of the way from the old estimate of the error to what was seen last: the
    /// paper's c_c and c_e.
    private static let timestep = 0.25
    private static let errorTimestep = 0.25
    /// In microseconds. A node that begins is in its place after a hundred steps, where fifty unlimited ones would do; of 20 nodes, two that
    /// lie leave the others' estimates within 12 % in the median, where unlimited steps make them useless. docs/decisions/0041.
    static let stepLimit = 10_000.0
    /// Nobody is as sure as not to be moved, and nobody's word counts as if it were.
    private static let errorFloor = 0.02
    /// In microseconds: there is no way at no cost.
    private static let heightFloor = 10.0
    /// In microseconds. Gravity pulls by a share of the distance from the origin that grows with it: 0.06 % at 150 ms.
    private static let gravityRadius = 256e6
    /// In microseconds. Before that, gravity is as strong as the longest step, so that nobody can be driven so far.
    static let farthest = 1_700_000.0

    /// In microseconds, as the height.
    private(set) var position = SIMD4<Double>.zero
    private(set) var height = Self.heightFloor
    /// A share, of what is measured.
    private(set) var error = 1.0
    /// For directions alone, so that they do not shift what else is drawn.
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    var coordinate: NetworkCoordinate {
        NetworkCoordinate(
            position: SIMD4<Int32>(position, rounding: .toNearestOrEven),
            height: Int32(height.rounded()),
            error: Int32((error * Double(NetworkCoordinate.errorLimit)).rounded())
        )
    }

    /// Else there is no coordinate of it.
    var isInBounds: Bool { position.length <= Self.farthest && height <= Double(NetworkCoordinate.limit) && error <= 1 }

    mutating func measured(_ roundTrip: Span, to other: NetworkCoordinate) {
        let measured = Double(min(max(1, roundTrip.microseconds), UInt64(NetworkCoordinate.limit)))
        let away = position - SIMD4<Double>(other.position)
        let gap = away.length
        let estimated = gap + height + Double(other.height)
        let weight = error / (error + Self.bounded(Double(other.error) / Double(NetworkCoordinate.errorLimit)))
        let miss = min(1, abs(estimated - measured) / measured)
        error = Self.bounded(error + Self.errorTimestep * weight * (miss - error))
        let wanted = Self.timestep * weight * (measured - estimated)
        let step = min(Self.stepLimit, max(-Self.stepLimit, wanted))
        // Two in one place have no direction from one to the other, and go apart in any.
        let isApart = gap >= 1
        let share = isApart ? gap / estimated : 1
        position += (isApart ? away / gap : anyDirection()) * (step * share)
        position -= position * (position.length / Self.gravityRadius)
        height = min(Double(NetworkCoordinate.limit), max(Self.heightFloor, height + step * (1 - share)))
    }

    private static func bounded(_ error: Double) -> Double { min(1, max(errorFloor, error)) }

    private mutating func anyDirection() -> SIMD4<Double> {
        var direction = SIMD4<Double>.zero
        // From -1 up to 1.
        for place in direction.indices { direction[place] = Double(random.next() >> 44) / Double(1 << 19) - 1 }
        let length = direction.length
        return length > 0 ? direction / length : SIMD4(1, 0, 0, 0)
    }
}

/// The lowest of a neighbour's last four round trips: Ledlie's moving percentile, with what they found best. On ordered streams a lost
/// packet makes a round trip many times as long as it is.
struct RoundTripFilter: Sendable {
    private static let count = 4
    private var recent: [Span] = []

    /// - Returns: What counts, with this one.
    mutating func add(_ roundTrip: Span) -> Span {
        recent.append(roundTrip)
        if recent.count > Self.count { recent.removeFirst() }
        return recent.min() ?? roundTrip
    }
}
