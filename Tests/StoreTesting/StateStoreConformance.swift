package import Consensus
internal import Kernel

/// The same operations for every store of the applied state, drawn from a seed, and after each of them the same state: a
/// dictionary's.
package struct StateStoreConformance {
    package static let kinds = ["apply", "give up", "sync", "crash", "install", "refuse"]

    /// How often each kind of operation took effect: a run in which one never did has shown little.
    package private(set) var done: [String: Int] = [:]
    private var random: SeededRandom
    /// Each state that a crash may lead back to, from the one that is durable to the newest.
    private var versions: [Version]

    private struct Version {
        var point: SnapshotPoint
        var rows: [[UInt8]: [UInt8]]

        var sorted: [StateRow] {
            rows.map { StateRow(key: $0, value: $1) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        }
    }

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        versions = [Version(point: Self.point(1), rows: [:])]
    }

    /// Where a store stands when the suite begins, without a row.
    package static let start = point(1)

    private static func point(_ index: UInt64) -> SnapshotPoint {
        SnapshotPoint(
            position: LogPosition(term: Term(1), index: LogIndex(index)),
            hash: .of([UInt8(truncatingIfNeeded: index)]),
            time: WallTime(milliseconds: 1000 + index),
            configuration: StoreConformance.configuration
        )
    }

    /// - Parameters:
    ///   - store: Stands at `start`, without a row.
    ///   - other: Another such, whose states the first is given.
    /// - Returns: Where the store differed from the model first; nil if it never did.
    package mutating func run<Store: StateStoreUnderTest>(
        _ store: inout Store,
        beside other: inout Store,
        operations: Int
    ) throws -> String? {
        for number in 0..<operations {
            let kind = Self.kinds[below(Self.kinds.count)]
            if let difference = try perform(kind, on: &store, beside: &other) ?? difference(store) {
                return "operation \(number), \(kind): \(difference)"
            }
        }
        return nil
    }

    private var newest: Version { versions[versions.count - 1] }
    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func perform<Store: StateStoreUnderTest>(
        _ kind: String,
        on store: inout Store,
        beside other: inout Store
    ) throws -> String? {
        switch kind {
        case "apply":
            let (changes, rows) = drawChanges(of: newest.rows)
            let point = nextPoint(after: newest.point)
            try store.apply(changes, reaching: point)
            versions.append(Version(point: point, rows: rows))
        case "give up": try store.apply(drawChanges(of: newest.rows).changes, reaching: nil)
        case "sync":
            try store.sync()
            versions = [newest]
        case "crash": return try crash(&store)
        case "install": return try install(on: &store, from: &other)
        default: return try refuse(on: &store)
        }
        done[kind, default: 0] += 1
        return nil
    }

    /// Few keys, so that rows are written over and removed; some share their beginnings.
    private mutating func drawChanges(
        of rows: [[UInt8]: [UInt8]]
    ) -> (changes: [StateChange], rows: [[UInt8]: [UInt8]]) {
        var rows = rows
        let changes = (0..<1 + below(20)).map { _ in
            let key = (0..<1 + below(3)).map { _ in UInt8(below(5)) }
            let value = below(3) == 0 ? nil : [UInt8](repeating: UInt8(below(256)), count: [0, 3, 2000][below(3)])
            rows[key] = value
            return StateChange(key: key, value: value)
        }
        return (changes, rows)
    }

    private mutating func nextPoint(after point: SnapshotPoint) -> SnapshotPoint {
        Self.point(point.position.index.number + 1 + UInt64(below(3)))
    }

    /// Whole transactions are lost, from the end, and none of those that were durable.
    private mutating func crash(_ store: inout some StateStoreUnderTest) throws -> String? {
        try store.crash(drawn: random.next())
        let applied = try store.applied
        guard let left = versions.firstIndex(where: { $0.point == applied }) else {
            return "stands at \(applied.position), which is none of \(versions.map(\.point.position))"
        }
        if left < versions.count - 1 { done["crash", default: 0] += 1 }
        versions = [versions[left]]
        return nil
    }

    private mutating func install<Store: StateStoreUnderTest>(
        on store: inout Store,
        from other: inout Store
    ) throws -> String? {
        let (changes, _) = drawChanges(of: [:])
        let applied = try other.applied
        let point = nextPoint(after: applied.position.index < newest.point.position.index ? newest.point : applied)
        try other.apply(changes, reaching: point)
        let chunks = try other.chunks()
        if let flaw = flaw(of: chunks, at: point) { return flaw }
        try store.install(chunks, at: point)
        let rows = Dictionary(uniqueKeysWithValues: try other.rows.map { ($0.key, $0.value) })
        versions = [Version(point: point, rows: rows)]
        done["install", default: 0] += 1
        return nil
    }

    private func flaw(of chunks: [Message.SnapshotChunk], at point: SnapshotPoint) -> String? {
        for (number, chunk) in chunks.enumerated() {
            guard chunk.point == point, chunk.number == UInt64(number), chunk.digest == .of(chunk.bytes) else {
                return "chunk \(number) says that it is \(chunk.number) of \(chunk.point.position)"
            }
            guard chunk.isLast == (number == chunks.count - 1) else {
                return "chunk \(number) is the last: \(chunk.isLast)"
            }
        }
        return chunks.isEmpty ? "a state without a chunk" : nil
    }

    /// A state that is not whole, is in another order, or is one of another point.
    private mutating func refuse(on store: inout some StateStoreUnderTest) throws -> String? {
        let chunks = try store.chunks()
        let point = newest.point
        guard chunks.count > 1 else { return nil }
        let wrong: [(chunks: [Message.SnapshotChunk], point: SnapshotPoint)] = [
            (Array(chunks.dropLast()), point),
            ([chunks[0]] + chunks.dropFirst(2), point),
            (chunks.reversed(), point),
            (chunks, nextPoint(after: point)),
        ]
        let choice = wrong[below(wrong.count)]
        guard (try? store.install(choice.chunks, at: choice.point)) == nil else {
            return "installs \(choice.chunks.map(\.number)) of \(chunks.count) chunks at \(choice.point.position)"
        }
        done["refuse", default: 0] += 1
        return nil
    }

    private func difference(_ store: some StateStoreUnderTest) throws -> String? {
        let applied = try store.applied
        if applied != newest.point { return "stands at \(applied.position), not \(newest.point.position)" }
        let (found, expected) = (try store.rows, newest.sorted)
        guard found != expected else { return nil }
        let odd = Set(found).symmetricDifference(expected).map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
        return "\(found.count) rows, not \(expected.count), or of another order; others at \(odd.prefix(5))"
    }
}
