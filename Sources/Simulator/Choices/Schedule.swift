internal import Kernel

/// All that makes a run another than the neutral one of its seed and scenario: without faults and losses, with the shortest
/// delays and no client. Whatever is left out of it takes its neutral course, so any part of a schedule is one, too.
///
/// The seed gives names alone: who the members are.
package struct Schedule: Sendable {
    /// In the order in which they took effect. Each key once.
    package let choices: [Choice]
    /// Whether what is not named is drawn from the seed instead of taking its neutral course.
    package let drawsRest: Bool
    private var numbers: [ChoiceKey: Int64] = [:]
    private var operationNumbers: Set<UInt32> = []
    /// Each in the order of their numbers.
    package private(set) var faults: [Choice] = []
    package private(set) var operations: [Choice] = []
    package private(set) var undertakings: [Choice] = []

    package init(_ choices: [Choice], drawsRest: Bool = false) {
        self.choices = choices
        self.drawsRest = drawsRest
        for choice in choices {
            switch choice.value {
            case .number(let number): numbers[choice.key] = number
            case .fault: faults.append(choice)
            case .operation:
                operations.append(choice)
                operationNumbers.insert(choice.key.number)
            case .undertaking: undertakings.append(choice)
            }
        }
        faults.sort { $0.key.number < $1.key.number }
        operations.sort { $0.key.number < $1.key.number }
        undertakings.sort { $0.key.number < $1.key.number }
    }

    package func number(for key: ChoiceKey) -> Int64? { numbers[key] }
    func namesOperation(_ number: Int) -> Bool { operationNumbers.contains(UInt32(clamping: number)) }
}
