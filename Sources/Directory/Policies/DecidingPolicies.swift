internal import Cedar

/// Policies that brought a verdict about, in the order of their sets and texts.
///
/// Each is its set and its number there; what it is called is looked up when somebody asks. Up to eight of at most two sets, on
/// which nearly all verdicts rest, take no memory of their own.
package struct DecidingPolicies: Sendable {
    private var first: ActivePolicySet?
    private var second: ActivePolicySet?
    /// How many of those in `numbers` are of the first set.
    private var firstCount = 0
    private var numbers: [8 of UInt32] = .init(repeating: 0)
    private var inlined = 0
    private var others: [PlacedRule] = []

    package static let none = DecidingPolicies()

    package var count: Int { inlined + others.count }

    mutating func append(_ rule: PlacedRule) {
        guard others.isEmpty, inlined < numbers.count, let number = UInt32(exactly: rule.number), take(rule.set)
        else {
            return others.append(rule)
        }
        numbers[inlined] = number
        inlined += 1
    }

    /// Whether the next one may be of this set.
    private mutating func take(_ set: ActivePolicySet) -> Bool {
        if first == nil { first = set }
        if second == nil, first === set {
            firstCount += 1
            return true
        }
        if second == nil { second = set }
        return second === set
    }

    private func placed(_ place: Int) -> PlacedRule {
        guard place < inlined, let set = place < firstCount ? first : second else { return others[place - inlined] }
        return PlacedRule(Int(numbers[place]), in: set)
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
    let set: ActivePolicySet
    let number: Int

    init(_ number: Int, in set: ActivePolicySet) {
        self.set = set
        self.number = number
    }

    init(_ policy: CompiledPolicy, in set: ActivePolicySet) {
        self.init(set.source.compiled.number(of: policy), in: set)
    }

    var rule: PolicyRule { self.set.rules[number] }
    var reference: PolicyReference { self.set.reference(of: number) }
}
