internal import Cedar
internal import Directory
internal import HashTreeCollections
internal import Kernel

/// What statements that the log has not judged yet have taken from whom.
struct ProvisionalStandings: Hashable, Sendable {
    /// Sorted, each once.
    private(set) var subjects: [RevocationSubject] = []
    private var statuses: TreeDictionary<RevocationSubject, SubjectStatus> = [:]
    /// Principals among the subjects as the state has them.
    private(set) var recordedFacts: [(uid: EntityUID, facts: EntityFacts?)] = []

    init() {}

    init(_ statements: some Sequence<SignedStatement>) {
        for signed in statements {
            let (subject, status) = (signed.statement.subject, SubjectStatus(signed.statement.kind))
            if statuses[subject] == nil { subjects.append(subject) }
            statuses[subject] = max(status, self[subject])
        }
        subjects.sort()
    }

    var isEmpty: Bool { subjects.isEmpty }

    /// Active for whom nothing is in force.
    subscript(subject: RevocationSubject) -> SubjectStatus {
        isEmpty ? .active : statuses[subject] ?? .active
    }

    mutating func record(_ facts: EntityFacts?, for uid: EntityUID) {
        recordedFacts.removeAll { $0.uid == uid }
        recordedFacts.append((uid, facts))
    }

    static func == (lhs: Self, rhs: Self) -> Bool { lhs.subjects == rhs.subjects && lhs.statuses == rhs.statuses }

    func hash(into hasher: inout Hasher) { hasher.combine(subjects) }
}
