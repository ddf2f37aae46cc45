internal import Kernel

/// Makes the choices of one world: draws them from the seed's streams, or follows a schedule; and keeps a record if asked.
///
/// Each choice has a neutral value, which is never recorded. In a run that follows a schedule whatever the schedule does not
/// name is neutral, and the record tells which of its choices had an effect.
package struct Choices: Sendable {
    var streams: Streams
    package let schedule: Schedule?
    package private(set) var record: [Choice]?
    /// How many choices of a kind there have been, by their key with number 0.
    private var counts: [ChoiceKey: Int] = [:]
    private var nextOperation = 0
    private var nextUndertaking = 0
    private var beyondSchedule = 0

    init(seed: UInt64, following schedule: Schedule?, records: Bool) {
        streams = Streams(seed: seed)
        self.schedule = schedule
        record = records ? [] : nil
    }

    /// All names are given: what follows a schedule owes nothing to the seed any more. A choice that is drawn and not recorded
    /// would come out otherwise.
    mutating func forgetSeed() {
        if let schedule, !schedule.drawsRest { streams = Streams(seed: 0) }
    }

    private var needsKeys: Bool { schedule != nil || record != nil }

    /// - Parameter draw: Happens in any case, so that the names that a stream gives afterwards stay the same.
    mutating func number(
        _ key: @autoclosure () -> ChoiceKey,
        neutral: Int64,
        at now: Instant,
        _ draw: (inout Streams) -> Int64
    ) -> Int64 {
        let drawn = draw(&streams)
        return needsKeys ? chosen(key(), drawn, neutral: neutral, at: now) : drawn
    }

    mutating func span(
        _ key: @autoclosure () -> ChoiceKey,
        neutral: Span,
        at now: Instant,
        _ draw: (inout Streams) -> Span
    ) -> Span {
        let value = number(key(), neutral: Int64(neutral.microseconds), at: now) { Int64(draw(&$0).microseconds) }
        return Span(microseconds: UInt64(value))
    }

    /// The same for a choice that comes again and again, whose key is told apart by how often it came before.
    mutating func countedSpan(
        _ key: @autoclosure () -> ChoiceKey,
        neutral: Span,
        at now: Instant,
        _ draw: (inout Streams) -> Span
    ) -> Span {
        let number = count(key())
        return span(key().numbered(number), neutral: neutral, at: now, draw)
    }

    private mutating func chosen(_ key: ChoiceKey, _ drawn: Int64, neutral: Int64, at now: Instant) -> Int64 {
        let value = schedule.map { $0.number(for: key) ?? ($0.drawsRest ? drawn : neutral) } ?? drawn
        if value != neutral { note(key, .number(value), at: now) }
        return value
    }

    /// How many there were of this kind before; always 0 where nobody needs to know.
    mutating func count(_ key: @autoclosure () -> ChoiceKey) -> Int {
        guard needsKeys else { return 0 }
        let key = key()
        let count = counts[key, default: 0]
        counts[key] = count + 1
        return count
    }

    mutating func note(_ key: ChoiceKey, _ value: Choice.Value, at time: Instant) {
        record?.append(Choice(key, value, at: time))
    }
}

/// What is drawn as a whole.
extension Choices {
    /// The faults of a run by their numbers: those of the scenario first, then the seed's.
    mutating func faults(of scenario: Scenario, hasOthers: Bool, edges: Range<Int>, machineCount: Int, upgrades: Bool)
        -> [(
            number: Int, fault: TimedFault
        )]
    {
        var drawn = scenario.faults
        if scenario.drawsFaults {
            drawn += FaultSchedule.draw(for: scenario, from: &streams.faults)
            drawn += FaultSchedule.drawFallingLeaders(for: scenario, from: &streams.elections)
            drawn += FaultSchedule.drawHandOvers(for: scenario, from: &streams.handOvers)
            if hasOthers { drawn += FaultSchedule.drawLies(for: scenario, from: &streams.lies) }
            drawn += FaultSchedule.drawApart(for: scenario, machineCount: machineCount, from: &streams.faultsApart)
            drawn += FaultSchedule.drawThefts(for: scenario, from: &streams.thefts)
            if upgrades {
                drawn += FaultSchedule.drawUpgrades(
                    for: scenario,
                    machineCount: machineCount,
                    from: &streams.upgrades
                )
            }
            if !edges.isEmpty { drawn += FaultSchedule.drawForEdges(edges, of: scenario, from: &streams.edges) }
        }
        var faults = drawn.enumerated().map { (number: $0.offset, fault: $0.element) }
        if let schedule {
            faults = schedule.faults.compactMap { choice in
                guard case .fault(let fault) = choice.value else { return nil }
                return (Int(choice.key.number), TimedFault(at: choice.time, fault))
            }
        }
        // What waits for an occasion is noted when that has come.
        for (number, fault) in faults where fault.occasion == nil {
            note(ChoiceKey(.fault, number: number), .fault(fault.fault), at: fault.time)
        }
        return faults
    }

    /// The scheduled operation that is next, its number, and when it is due.
    var dueOperation: (number: Int, operation: ChosenOperation, time: Instant)? {
        guard let schedule, nextOperation < schedule.operations.count else { return nil }
        let choice = schedule.operations[nextOperation]
        guard case .operation(let operation) = choice.value else { return nil }
        return (Int(choice.key.number), operation, choice.time)
    }

    mutating func begun(_ number: Int, _ operation: ChosenOperation, at now: Instant) {
        nextOperation += 1
        note(ChoiceKey(.operation, number: number), .operation(operation), at: now)
    }

    /// The scheduled undertaking that is due, which will not be asked for again.
    mutating func takeUndertaking(dueBy now: Instant) -> (number: Int, undertaking: ChosenUndertaking)? {
        guard let schedule, nextUndertaking < schedule.undertakings.count else { return nil }
        let choice = schedule.undertakings[nextUndertaking]
        guard choice.time <= now, case .undertaking(let undertaking) = choice.value else { return nil }
        nextUndertaking += 1
        return (Int(choice.key.number), undertaking)
    }

    /// The number of one beyond those of the schedule; nil while that has some.
    mutating func takeNumberBeyondSchedule() -> Int? {
        guard let schedule, nextUndertaking >= schedule.undertakings.count else { return nil }
        beyondSchedule += 1
        return Int(schedule.undertakings.last?.key.number ?? 0) + beyondSchedule
    }
}
