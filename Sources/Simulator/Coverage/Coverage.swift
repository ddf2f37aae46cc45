/// Which messages nodes were given in which role under which faults: how much of what could happen a run has seen, or many
/// runs together.
///
/// Constant in size, whatever the length of a run: one bit for each tuple.
package struct Coverage: Hashable, Sendable {
    /// What the receiver is by its own knowledge: a learner that has not learned of its promotion is still one, and who has
    /// not been told yet that it is a member, or is one no more, is a follower.
    package enum Role: UInt8, CaseIterable, Sendable { case follower, preCandidate, candidate, leader, learner, edge }

    package struct Tuple: Hashable, Sendable {
        package let role: Role
        package let message: ChoiceKey.Subject
        /// In force when the message was given, anywhere in the cluster. Nil: there was none.
        package let fault: FaultClass?

        package init(_ role: Role, _ message: ChoiceKey.Subject, _ fault: FaultClass?) {
            self.role = role
            self.message = message
            self.fault = fault
        }
    }

    /// For each role and message, which faults: bit 0 stands for none, the classes follow.
    private var faults = Array(repeating: UInt32(0), count: Role.allCases.count * Coverage.subjectCount)

    private static let subjectCount = ChoiceKey.Subject.allCases.count

    package init() {}

    package mutating func note(_ role: Role, _ message: ChoiceKey.Subject, under set: FaultSet) {
        faults[Self.place(role, message)] |= set.isEmpty ? 1 : set.rawValue << 1
    }

    package mutating func insert(_ tuple: Tuple) {
        faults[Self.place(tuple.role, tuple.message)] |= Self.bit(tuple.fault)
    }

    package func contains(_ tuple: Tuple) -> Bool {
        faults[Self.place(tuple.role, tuple.message)] & Self.bit(tuple.fault) != 0
    }

    package var count: Int { faults.reduce(0) { $0 + $1.nonzeroBitCount } }
    package var isEmpty: Bool { faults.allSatisfy { $0 == 0 } }

    package mutating func formUnion(_ other: Coverage) { combine(other) { $0 | $1 } }
    package func intersection(_ other: Coverage) -> Coverage { combined(other) { $0 & $1 } }
    package func subtracting(_ other: Coverage) -> Coverage { combined(other) { $0 & ~$1 } }

    /// By role, then message, then fault, as their enumerations have them.
    package var tuples: [Tuple] {
        Self.universe.filter(contains)
    }

    private static let universe: [Tuple] = Role.allCases.flatMap { role in
        ChoiceKey.Subject.allCases.flatMap { message in
            ([nil] + FaultClass.allCases).map { Tuple(role, message, $0) }
        }
    }

    private static func place(_ role: Role, _ message: ChoiceKey.Subject) -> Int {
        Int(role.rawValue) * subjectCount + Int(message.rawValue)
    }

    private static func bit(_ fault: FaultClass?) -> UInt32 { fault.map { FaultSet($0).rawValue << 1 } ?? 1 }

    private mutating func combine(_ other: Coverage, _ operation: (UInt32, UInt32) -> UInt32) {
        for place in faults.indices { faults[place] = operation(faults[place], other.faults[place]) }
    }

    private func combined(_ other: Coverage, _ operation: (UInt32, UInt32) -> UInt32) -> Coverage {
        var result = self
        result.combine(other, operation)
        return result
    }
}

/// As a journal has it: `leader append crash`.
extension Coverage.Tuple: LosslessStringConvertible {
    package static let noFault = "none"

    package var faultName: String { fault.map { "\($0)" } ?? Self.noFault }

    package var description: String { "\(role) \(message) \(faultName)" }

    package init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, let role = Coverage.Role.allCases.first(where: { "\($0)" == words[0] }),
            let message = ChoiceKey.Subject.allCases.first(where: { "\($0)" == words[1] })
        else { return nil }
        let fault = FaultClass.allCases.first { "\($0)" == words[2] }
        guard fault != nil || words[2] == Self.noFault else { return nil }
        self.init(role, message, fault)
    }
}
