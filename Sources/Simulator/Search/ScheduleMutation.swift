internal import Kernel

/// Changes a schedule into another that some seed could have come to as well: what is violated under it is a promise broken.
struct ScheduleMutation {
    private(set) var choices: [Choice]
    private let scenario: Scenario
    private var random: SeededRandom

    /// More faults than this leave a cluster nothing to do.
    private static let faultLimit = 200

    private enum Change: CaseIterable { case leaveOut, move, double, renumber, splice }

    init(_ choices: [Choice], of scenario: Scenario, random: SeededRandom) {
        self.choices = choices
        self.scenario = scenario
        self.random = random
    }

    /// - Parameter other: Whose faults may be taken over.
    mutating func change(with other: [Choice]) {
        for _ in 0..<(1 + random.below(4)) {
            switch random.element(of: Change.allCases) ?? .splice {
            case .leaveOut: leaveOut()
            case .move: move()
            case .double: double()
            case .renumber: renumber()
            case .splice: splice(other)
            }
        }
        limitFaults()
    }

    /// Some choices of a kind, within a few seconds.
    private mutating func leaveOut() {
        guard let chosen = random.element(of: choices) else { return }
        let reach = random.span(.milliseconds(100)...(.seconds(4)))
        var random = self.random
        choices.removeAll { choice in
            choice.key.kind == chosen.key.kind && choice.time.elapsed(since: chosen.time) <= reach
                && chosen.time.elapsed(since: choice.time) <= reach && random.chance(500_000)
        }
        self.random = random
    }

    /// A fault to another time: soon after another, since faults that meet show more, or a little sooner or later.
    private mutating func move() {
        guard let place = random.element(of: faultPlaces), let other = random.element(of: faultPlaces) else { return }
        let fault = choices[place]
        let shift = random.span(.zero...(.seconds(3)))
        let time: Instant
        switch random.below(3) {
        case 0: time = choices[other].time.advanced(by: Span(microseconds: shift.microseconds / 10))
        case 1: time = fault.time.advanced(by: shift)
        default:
            time = Instant(microseconds: fault.time.microseconds - min(shift.microseconds, fault.time.microseconds))
        }
        choices[place] = Choice(fault.key, fault.value, at: bounded(time))
    }

    /// A fault onto another node too.
    private mutating func double() {
        let selectors: [NodeSelector] = [.leader] + (0..<scenario.memberCount).map { .node($0) }
        guard let place = random.element(of: faultPlaces), case .fault(let fault) = choices[place].value,
            let target = random.element(of: selectors), let copy = fault.onto(target), isFair(copy)
        else { return }
        let time = choices[place].time.advanced(by: random.span(.zero...(.seconds(1))))
        add(copy, at: time)
        let pause = random.span(.milliseconds(50)...(.seconds(4)))
        if let repair = copy.repair { add(repair, at: time.advanced(by: pause)) }
    }

    /// A scenario that draws no faults may have as many wrong clocks as it likes; what is promised rests on most being right.
    private func isFair(_ fault: Fault) -> Bool { fault.kind != .clock || scenario.drawsFaults }

    /// A few numbers.
    private mutating func renumber() {
        for _ in 0..<(1 + random.below(16)) {
            guard !choices.isEmpty else { return }
            let place = random.below(choices.count)
            let choice = choices[place]
            guard case .number(let old) = choice.value else { continue }
            if choice.key.kind == .delay, random.chance(300_000) {
                choices[place] = Choice(choice.key.asLoss, .number(1), at: choice.time)
            } else if let range = choice.key.kind.drawnRange(from: old) {
                choices[place] = Choice(choice.key, .number(number(in: range)), at: choice.time)
            }
        }
    }

    private mutating func number(in range: ClosedRange<Int64>) -> Int64 {
        let (width, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
        guard !overflow, width < .max else { return Int64(bitPattern: random.next()) }
        return range.lowerBound + Int64(random.below(UInt64(width) + 1))
    }

    /// The faults of some seconds of another run, at another time.
    private mutating func splice(_ other: [Choice]) {
        let faults = other.filter { $0.key.kind == .fault }
        guard let first = random.element(of: faults) else { return }
        let reach = random.span(.seconds(1)...(.seconds(20)))
        let start = Instant(microseconds: random.below(scenario.healTime.microseconds))
        for choice in faults where choice.time >= first.time && choice.time.elapsed(since: first.time) <= reach {
            guard case .fault(let fault) = choice.value, isFair(fault) else { continue }
            add(fault, at: start.advanced(by: choice.time.elapsed(since: first.time)))
        }
    }

    private var faultPlaces: [Int] { choices.indices.filter { choices[$0].key.kind == .fault } }

    private mutating func add(_ fault: Fault, at time: Instant) {
        guard time < scenario.healTime else { return }
        let number = choices.lazy.filter { $0.key.kind == .fault }.map { Int($0.key.number) + 1 }.max() ?? 0
        choices.append(Choice(ChoiceKey(.fault, number: number), .fault(fault), at: time))
    }

    /// Before everything heals: what goes wrong later is nothing that a cluster has promised to overcome in time.
    private func bounded(_ time: Instant) -> Instant {
        min(time, Instant(microseconds: scenario.healTime.microseconds - 1))
    }

    private mutating func limitFaults() {
        while true {
            let places = faultPlaces
            guard places.count > Self.faultLimit else { return }
            choices.remove(at: places[random.below(places.count)])
        }
    }
}
