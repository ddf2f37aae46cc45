internal import Kernel

/// Faults that wait for something to happen.
extension World {
    /// Those that waited for this are due a moment later: then they come before all else of that moment, as in a run that follows the
    /// recorded choices, where they have nothing but a time.
    mutating func occurred(_ occasion: Occasion) {
        guard !awaiting.isEmpty, now < options.scenario.healTime else { return }
        let due = awaiting.filter { $0.fault.time <= now && $0.fault.occasion?.isMet(by: occasion) == true }
        guard !due.isEmpty else { return }
        awaiting.removeAll { waiting in due.contains { $0.number == waiting.number } }
        for (number, fault) in due {
            let time = now.advanced(by: fault.delay).advanced(by: Span(microseconds: 1))
            scenarioFaults.append((number, TimedFault(at: time, fault.fault)))
            choices.note(ChoiceKey(.fault, number: number), .fault(fault.fault), at: time)
            queue.schedule(.fault(fault.fault, number: number), at: time, isFirst: true)
        }
    }
}
