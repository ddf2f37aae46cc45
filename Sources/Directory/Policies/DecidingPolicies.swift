internal import Cedar

/// Policies that brought a verdict about, in the order of their sets and texts.
///
/// Each is its set and its number there; what it is called is looked up when somebody asks. Most verdicts rest on few, which
/// take no memory of their own.
package struct DecidingPolicies: Sendable {
    private var first: PlacedRule?
    private var second: PlacedRule?
    private var others: [PlacedRule] = []
    package private(set) var count = 0

    package static let none = DecidingPolicies()

    mutating func append(_ rule: PlacedRule) {
        switch count {
        case 0: first = rule
        case 1: second = rule
        default: others.append(rule)
        }
        count += 1
    }

    private func placed(_ place: Int) -> PlacedRule {
        switch (place, first, second) {
        case (0, let rule?, _), (1, _, let rule?): rule
        default: others[place - 2]
        }
    }

    func rule(at place: Int) -> PolicyRule { placed(place).rule }
}

extension DecidingPolicies: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { count }
    package subscript(place: Int) -> PolicyReference { placed(place).reference }
}

extension DecidingPolicies: Hashable {
    package static func == (lhs: DecidingPolicies, rhs: DecidingPolicies) -> Bool { lhs.elementsEqual(rhs) }
    package func hash(into hasher: inout Hasher) { hasher.combine(Array(self)) }
}

/// A rule, and where it stands.
struct PlacedRule: Sendable {
    private let set: ActivePolicySet
    private let number: Int

    init(_ policy: CompiledPolicy, in set: ActivePolicySet) {
        self.set = set
        number = set.source.compiled.number(of: policy)
    }

    var rule: PolicyRule { self.set.rules[number] }
    var reference: PolicyReference { self.set.reference(of: number) }
}
