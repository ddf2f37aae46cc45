internal import Kernel

/// Reduces the schedule of a run that breaks a promise to one that breaks the same promise and of which nothing can be left
/// out: what is left explains the failure.
///
/// Delta debugging (ddmin; Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE Transactions on
/// Software Engineering, 2002), with these differences: only complements are tried, since a subset that fails by itself is
/// found by a few of them; whole kinds of choices are left out first; and what a run did not use is left out unasked.
package struct Minimiser: Sendable {
    /// The smallest run found so far. Always one that breaks the promise.
    package private(set) var best: Run
    package private(set) var attempts = 0
    /// Whether nothing more can be left out, as far as was tried to the end.
    package private(set) var isDone = false
    private let options: WorldOptions
    private let invariant: Violation.Invariant
    /// Hashes of schedules that were tried.
    private var tried: Set<UInt64> = []

    package struct Run: Sendable {
        package let scenario: Scenario
        package let choices: [Choice]
        package let report: SeedReport
    }

    /// How far it is, after each attempt.
    package struct Progress: Sendable {
        package let attempts: Int
        package let choicesLeft: Int
        /// Which choices are being left out.
        package let stage: String
    }

    /// Ends the search. Whatever is best by then stands.
    private struct Interrupted: Error {}

    /// - Parameter options: With the schedule of the failing run, or without, for a run from its seed.
    /// - Returns: Nil when the run breaks no promise.
    package init?(_ options: WorldOptions) {
        var options = options
        options.recordsChoices = true
        guard let run = Self.run(options), let violation = run.report.violation else { return nil }
        self.options = options
        invariant = violation.invariant
        best = run
    }

    /// - Parameter goesOn: Asked after each attempt.
    package mutating func minimise(while goesOn: (Progress) -> Bool) {
        do {
            var before: Int
            repeat {
                before = best.choices.count
                try shorten(goesOn)
                try useFewerNodes(goesOn)
                try reduce("kinds", groups { "\($0.kind)" }, goesOn)
                try reduce("kinds of a node", groups { "\($0.kind) \($0.node) \($0.peer)" }, goesOn)
                try lowerOptions(goesOn)
                try reduce("single choices", best.choices.sorted(by: Self.isNoisier).map { [$0.key] }, goesOn)
                try reducePairs(goesOn)
            } while best.choices.count < before
            isDone = true
        } catch {}
    }

    /// Delays before faults: what explains least goes first.
    private static func isNoisier(_ one: Choice, _ other: Choice) -> Bool {
        one.key.kind == other.key.kind
            ? one.time < other.time : one.key.kind.rawValue > other.key.kind.rawValue
    }

    /// The keys that are left, in groups by what they have in common, groups in the order of the noise that they make.
    private func groups(by name: (ChoiceKey) -> String) -> [[ChoiceKey]] {
        var groups: [[ChoiceKey]] = []
        var places: [String: Int] = [:]
        for choice in best.choices.sorted(by: Self.isNoisier) {
            let name = name(choice.key)
            if let place = places[name] {
                groups[place].append(choice.key)
            } else {
                places[name] = groups.count
                groups.append([choice.key])
            }
        }
        return groups
    }

    /// Leaves out as many groups as can be. Ends with each of them tried by itself.
    private mutating func reduce(
        _ stage: String,
        _ groups: [[ChoiceKey]],
        _ goesOn: (Progress) -> Bool
    ) throws(Interrupted) {
        var groups = groups
        var size = groups.count
        while size > 0 {
            var start = 0
            while start < groups.count {
                let end = min(start + size, groups.count)
                let leftOut = Set(groups[start..<end].joined())
                let rest = best.choices.filter { !leftOut.contains($0.key) }
                if try attempt(rest, best.scenario, stage, goesOn) {
                    let kept = Set(best.choices.map(\.key))
                    // What precedes was tried in this pass: it may have shrunk, and the place with it.
                    start = groups[..<start].count { $0.contains(where: kept.contains) }
                    groups = groups.map { $0.filter(kept.contains) }.filter { !$0.isEmpty }
                } else {
                    start = end
                }
            }
            size = min(size, groups.count) / 2
        }
    }

    /// What can only go together: a partition and its end.
    private mutating func reducePairs(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        var place = 0
        while best.choices.count <= Self.pairLimit, place < best.choices.count {
            let key = best.choices[place].key
            let others = best.choices[(place + 1)...].map(\.key)
            var isGone = false
            for other in others where !isGone {
                let rest = best.choices.filter { $0.key != key && $0.key != other }
                isGone = try attempt(rest, best.scenario, "pairs", goesOn)
            }
            if !isGone { place += 1 }
        }
    }

    /// Of so many choices the pairs are tried: 435 of them.
    private static let pairLimit = 30

    /// Logs that are compacted sooner need fewer writes to show the same.
    private mutating func lowerOptions(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        for choice in best.choices where choice.key.kind == .option {
            guard case .number(let value) = choice.value else { continue }
            for lower in [1, value / 4, value / 2] where lower > 0 && lower < value {
                let changed = best.choices.map {
                    $0.key == choice.key ? Choice($0.key, .number(lower), at: $0.time) : $0
                }
                if try attempt(changed, best.scenario, "lower options", goesOn) { break }
            }
        }
    }

    /// A violation that shows at the end of a run may show at the end of a shorter one.
    private mutating func shorten(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        guard best.scenario.expectations.isEmpty else { return }
        for divisor in [8, 4, 2] as [UInt64] {
            guard best.report.simulated >= best.scenario.duration else { return }
            var scenario = best.scenario
            scenario.duration = max(.seconds(5), .milliseconds(scenario.duration.milliseconds / divisor))
            guard scenario.duration < best.scenario.duration else { return }
            let heal = scenario.healTime
            scenario.faults.removeAll { $0.time >= heal }
            let choices = best.choices.filter { $0.key.kind != .fault || $0.time < heal }
            if try attempt(choices, scenario, "a shorter run", goesOn) { return }
        }
    }

    private mutating func useFewerNodes(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        try useNoEdges(goesOn)
        try useNoLearners(goesOn)
        guard best.scenario.learnerCount == 0, best.scenario.edgeCount ?? 0 == 0, best.scenario.spareCount ?? 0 == 0,
            !best.choices.contains(where: { $0.key.kind == .spares || $0.key.kind == .edges })
        else { return }
        for count in [1, 3, 5] where count < best.scenario.nodeCount {
            var scenario = best.scenario
            scenario.nodeCount = count
            scenario.faults.removeAll { !$0.fault.names(only: count) }
            if try attempt(best.choices.filter { $0.names(only: count) }, scenario, "fewer nodes", goesOn) { return }
        }
    }

    private mutating func useNoEdges(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        guard best.scenario.edgeCount ?? 0 > 0, best.scenario.spareCount ?? 0 == 0 else { return }
        var scenario = best.scenario
        scenario.edgeCount = 0
        let count = scenario.memberCount
        scenario.faults.removeAll { !$0.fault.names(only: count) }
        let choices = best.choices.filter { $0.names(only: count) }
        _ = try attempt(choices, scenario, "no edges", goesOn)
    }

    private mutating func useNoLearners(_ goesOn: (Progress) -> Bool) throws(Interrupted) {
        guard best.scenario.learnerCount > 0, best.scenario.edgeCount ?? 0 == 0, best.scenario.spareCount ?? 0 == 0
        else { return }
        var scenario = best.scenario
        scenario.learnerCount = 0
        scenario.faults.removeAll { !$0.fault.names(only: scenario.nodeCount) }
        let choices = best.choices.filter { $0.names(only: scenario.nodeCount) }
        _ = try attempt(choices, scenario, "no learners", goesOn)
    }

    private mutating func attempt(
        _ choices: [Choice],
        _ scenario: Scenario,
        _ stage: String,
        _ goesOn: (Progress) -> Bool
    ) throws(Interrupted) -> Bool {
        guard tried.insert(Self.hash(choices, scenario)).inserted else { return false }
        var options = options
        options.scenario = scenario
        options.schedule = Schedule(choices)
        attempts += 1
        let run = Self.run(options)
        let isSmaller = run?.report.violation?.invariant == invariant
        if isSmaller, let run { best = run }
        guard goesOn(Progress(attempts: attempts, choicesLeft: best.choices.count, stage: stage)) else {
            throw Interrupted()
        }
        return isSmaller
    }

    /// A run and the choices that had an effect before it ended.
    private static func run(_ options: WorldOptions) -> Run? {
        var simulation = Simulation(options)
        let report = simulation.run()
        let end = simulation.world.now
        guard let record = simulation.world.choices.record else { return nil }
        return Run(scenario: options.scenario, choices: record.filter { $0.time <= end }, report: report)
    }

    private static func hash(_ choices: [Choice], _ scenario: Scenario) -> UInt64 {
        var hash = TraceHash()
        hash.combine(scenario.duration)
        hash.combine(scenario.nodeCount)
        hash.combine(scenario.learnerCount)
        for choice in choices {
            hash.combine(choice.key)
            hash.combine(choice.time)
            if case .number(let value) = choice.value { hash.combine(Int(value)) }
        }
        return hash.value
    }
}

extension TraceHash {
    fileprivate mutating func combine(_ key: ChoiceKey) {
        combine(UInt64(key.kind.rawValue) << 24 | UInt64(key.subject.rawValue) << 16)
        combine(UInt64(key.node) << 8 | UInt64(key.peer))
        combine(UInt64(key.process) << 32 | UInt64(key.number))
    }
}

extension Choice {
    fileprivate func names(only count: Int) -> Bool {
        switch value {
        case .number: key.node < count && key.peer < count
        case .fault(let fault): fault.names(only: count)
        case .operation(let operation): operation.node < count
        case .undertaking: false
        }
    }
}

extension Fault {
    fileprivate func names(only count: Int) -> Bool {
        selectors.allSatisfy { if case .node(let number) = $0 { number < count } else { true } }
    }
}
