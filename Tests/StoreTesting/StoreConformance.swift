package import Consensus
internal import Kernel

/// The same operations for every log store, drawn from a seed, and after each of them the same results: those of a model.
///
/// An operation that a store must refuse is drawn too.
package struct StoreConformance {
    package static let configuration = Configuration(
        voters: [MemberID(high: 1, low: 1), MemberID(high: 2, low: 2), MemberID(high: 3, low: 3)]
    )
    package static let genesis = Entry(
        position: LogPosition(term: Term(1), index: LogIndex(1)),
        time: WallTime(milliseconds: 1000),
        previousHash: .zero,
        payload: .command([1])
    )
    package static let base = SnapshotPoint(
        position: .zero,
        hash: .zero,
        time: .distantPast,
        configuration: configuration
    )

    /// How often each kind of operation took effect: a run in which one never did has shown little.
    package private(set) var done: [String: Int] = [:]
    private var random: SeededRandom
    private var model: ModelLog
    /// What the state would reflect.
    private var applied = base
    private var writeCount: UInt64 = 0

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        model = ModelLog(
            standing: LogStanding(
                hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1)),
                base: Self.base,
                last: Self.genesis.position,
                lost: nil
            ),
            entries: [Self.genesis]
        )
    }

    package static let kinds = [
        "append", "replace", "vote", "group", "apply", "compact", "reset", "restart", "damage", "repair", "cut",
        "refuse",
    ]

    /// - Parameter store: Holds `genesis` after `base` and a hard state of term 1 that says that it is committed.
    /// - Returns: Where the store differed from the model first; nil if it never did.
    package mutating func run(_ store: inout some LogStoreUnderTest, operations: Int) throws -> String? {
        for number in 0..<operations {
            let kind = Self.kinds[below(Self.kinds.count)]
            if try perform(kind, on: &store) { done[kind, default: 0] += 1 }
            if let difference = try difference(store) { return "operation \(number), \(kind): \(difference)" }
        }
        return nil
    }

    private mutating func perform(_ kind: String, on store: inout some LogStoreUnderTest) throws -> Bool {
        switch kind {
        case "append": return try append(1 + below(6), on: &store)
        case "replace": return try replace(on: &store)
        case "vote": return try vote(on: &store)
        case "group": return try group(on: &store)
        case "apply": return apply()
        case "compact": return try compact(on: &store)
        case "reset": return below(8) == 0 ? try reset(on: &store) : false
        case "restart":
            try store.restart()
            return true
        case "damage": return try damage(on: &store)
        case "repair": return try repair(on: &store)
        case "cut": return below(3) == 0 ? try cut(on: &store) : false
        default: return try refuse(on: &store)
        }
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    /// Entries that follow one index, in the model's term.
    private mutating func following(_ index: LogIndex, count: Int) -> [Entry] {
        guard var previous = model.point(index).map({ LogEnd($0) }) else { return [] }
        let term = model.standing.hardState.term
        return (0..<count).map { _ in
            let payload = [UInt8](repeating: UInt8(below(256)), count: [0, 20, 300, 5000][below(4)])
            let entry = Entry(
                position: LogPosition(term: term, index: previous.position.index.next),
                time: WallTime(milliseconds: 1000 + previous.position.index.number),
                previousHash: previous.hash,
                payload: payload.isEmpty ? .empty : .command(payload)
            )
            previous = LogEnd(entry)
            return entry
        }
    }

    private mutating func nextWrite(_ entries: [Entry], _ hardState: HardState? = nil) -> LogWrite {
        writeCount += 1
        return LogWrite(id: LogWrite.ID(writeCount), hardState: hardState, entries: entries)
    }

    private mutating func append(_ count: Int, on store: inout some LogStoreUnderTest) throws -> Bool {
        let entries = following(model.standing.last.index, count: count)
        let old = model.standing.hardState
        let commit = below(2) == 0 ? model.standing.last.index : old.commitIndex
        let hardState = HardState(term: old.term, vote: old.vote, commitIndex: commit)
        try store.write([nextWrite(entries, hardState)])
        model.write(entries, hardState)
        return true
    }

    /// A new leader's entries in the place of those that were not committed.
    private mutating func replace(on store: inout some LogStoreUnderTest) throws -> Bool {
        let last = model.standing.last.index
        let floor = max(model.standing.hardState.commitIndex, model.standing.base.position.index)
        guard floor < last else { return false }
        let first = LogIndex(floor.number + 1 + UInt64(below(Int(last.number - floor.number))))
        guard !model.damaged.contains(first.previous) else { return false }
        let hardState = HardState(
            term: model.standing.hardState.term.next,
            vote: Self.configuration.voters[below(3)],
            commitIndex: model.standing.hardState.commitIndex
        )
        model.standing.hardState = hardState
        let entries = following(first.previous, count: 1 + below(4))
        try store.write([nextWrite(entries, hardState)])
        model.write(entries, hardState)
        return true
    }

    private mutating func vote(on store: inout some LogStoreUnderTest) throws -> Bool {
        let old = model.standing.hardState
        let hardState = HardState(
            term: Term(old.term.number + UInt64(1 + below(2))),
            vote: below(2) == 0 ? nil : Self.configuration.voters[below(3)],
            commitIndex: old.commitIndex
        )
        try store.write([nextWrite([], hardState)])
        model.write([], hardState)
        return true
    }

    private mutating func group(on store: inout some LogStoreUnderTest) throws -> Bool {
        let entries = following(model.standing.last.index, count: 6)
        try store.write([
            nextWrite(Array(entries[..<2])), nextWrite(Array(entries[2...3])), nextWrite(Array(entries[4...])),
        ])
        model.write(entries, nil)
        return true
    }

    /// The state applies what is committed, which is never more than the log has.
    private mutating func apply() -> Bool {
        let end = min(model.standing.hardState.commitIndex, model.standing.last.index)
        guard end > applied.position.index else { return false }
        let step = UInt64(1 + below(Int(end.number - applied.position.index.number)))
        guard let point = model.point(LogIndex(applied.position.index.number + step)) else { return false }
        applied = point
        return true
    }

    private mutating func compact(on store: inout some LogStoreUnderTest) throws -> Bool {
        let index = LogIndex(model.firstIndex.number + UInt64(below(12)))
        let first = try store.compact(before: index, applied: applied)
        let before = model.firstIndex
        model.compact(before: index, applied: applied)
        guard first == model.firstIndex else { throw Difference("compacted to \(first), not \(model.firstIndex)") }
        return first > before
    }

    private mutating func reset(on store: inout some LogStoreUnderTest) throws -> Bool {
        let index = LogIndex(model.standing.last.index.number + UInt64(1 + below(5)))
        let point = SnapshotPoint(
            position: LogPosition(term: model.standing.hardState.term, index: index),
            hash: .of([UInt8(below(256))]),
            time: WallTime(milliseconds: 1000 + index.number),
            configuration: Self.configuration
        )
        try store.reset(to: point)
        model.reset(to: point)
        applied = point
        return true
    }

    /// Of two neighbours of which one is damaged the other stays readable, so runs form at random.
    private mutating func damage(on store: inout some LogStoreUnderTest) throws -> Bool {
        guard !model.entries.isEmpty else { return false }
        let index = model.entries[below(model.entries.count)].index
        try store.damage(index)
        model.damaged.insert(index)
        return true
    }

    /// A part of the last run, from its end down.
    private mutating func repair(on store: inout some LogStoreUnderTest) throws -> Bool {
        guard let run = model.runs.last, let hash = run.hash else { return false }
        let length = run.last.number - run.first.number + 1
        let first = LogIndex(run.last.number - UInt64(below(Int(length))))
        let entries = model.entries.filter { first <= $0.index && $0.index <= run.last }
        try store.repair(entries, endingIn: hash)
        model.damaged = model.damaged.filter { $0 < first }
        return true
    }

    /// A start on a damaged disk, and at times the end of what it brings.
    private mutating func cut(on store: inout some LogStoreUnderTest) throws -> Bool {
        try store.restart()
        let hasCut = try store.cutDamagedTail(after: applied)
        guard hasCut == model.cut(after: applied.position.index) else { throw Difference("cut: \(hasCut)") }
        if below(3) == 0 {
            try store.forgetLostTail()
            model.standing.lost = nil
        }
        return hasCut
    }

    /// What must never be written, and what would not repair anything.
    private mutating func refuse(on store: inout some LogStoreUnderTest) throws -> Bool {
        let last = model.standing.last.index
        let entries = following(last, count: 3)
        let state = model.standing.hardState
        let foreign = Entry(
            position: entries[0].position,
            time: entries[0].time,
            previousHash: .of([9, 9]),
            payload: .empty
        )
        let writes: [[LogWrite]] = [
            [nextWrite([foreign])], [nextWrite([entries[1]])], [nextWrite([entries[0], entries[2]])],
            [nextWrite([], HardState(term: Term(state.term.number - 1), vote: nil, commitIndex: .zero))],
            [nextWrite([entries[0]]), nextWrite([entries[2]])],
            [nextWrite([entries[0]], HardState(term: state.term, vote: MemberID(high: 7, low: 7), commitIndex: last))],
        ]
        let choice = below(writes.count + 1)
        guard choice < writes.count else {
            let end = Entry(
                position: model.standing.last,
                time: foreign.time,
                previousHash: foreign.previousHash,
                payload: .empty
            )
            let wrong = below(2) == 0 ? foreign : end
            return throwsError { try store.repair([wrong], endingIn: wrong.hash) }
        }
        // Whoever has not voted yet may.
        guard choice < 5 || state.vote != nil else { return false }
        guard throwsError({ try store.write(writes[choice]) }) else { throw Difference("took \(writes[choice])") }
        return true
    }

    private func throwsError(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch {
            return true
        }
    }

    private struct Difference: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private mutating func difference(_ store: some LogStoreUnderTest) throws -> String? {
        let standing = try store.standing
        if standing != model.standing { return "stands at \(standing), not \(model.standing)" }
        let damage = try store.scrub()
        if damage != model.runs { return "finds \(damage), not \(model.runs)" }
        guard model.damaged.isEmpty else { return try differenceOfWholePart(store) }
        guard let found = try store.entries(from: model.firstIndex, maxBytes: .max) else {
            return "reads nothing from \(model.firstIndex)"
        }
        if found.previous != model.standing.base.position { return "reads after \(found.previous)" }
        if found.entries != model.entries { return "reads \(found.entries.map(\.position))" }
        if try store.entries(from: model.firstIndex.previous, maxBytes: .max) != nil { return "reads before its base" }
        return try differenceOfStart(store)
    }

    /// What a peer would be sent.
    private mutating func differenceOfWholePart(_ store: some LogStoreUnderTest) throws -> String? {
        guard let run = model.runs.last, run.last < model.standing.last.index else { return nil }
        let found = try store.entries(from: run.last.next, endingAt: model.standing.last.index, maxBytes: .max)
        let expected = model.entries.filter { $0.index > run.last }
        return found == expected ? nil : "sends \(found.map(\.position)), not \(expected.map(\.position))"
    }

    private func differenceOfStart(_ store: some LogStoreUnderTest) throws -> String? {
        let restored = try store.restored(applied: applied)
        if restored.hardState.term != model.standing.hardState.term { return "restores \(restored.hardState)" }
        if restored.lost != model.standing.lost { return "restores \(restored.lost as Any)" }
        if restored.firstIndex != model.firstIndex { return "restores a log from \(restored.firstIndex)" }
        let after = model.entries.filter { $0.index > restored.base.position.index }
        return restored.entries == after && restored.base.position.index <= applied.position.index
            ? nil : "restores \(restored.entries.map(\.position)) after \(restored.base.position)"
    }
}
