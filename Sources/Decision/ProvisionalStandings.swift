internal import Cedar
internal import Directory
internal import HashTreeCollections
internal import Kernel

/// What statements that the log has not judged yet have taken from whom.
struct ProvisionalStandings: Hashable, Sendable {
    /// Sorted, each once.
    private let subjects: [RevocationSubject]
    private let statuses: TreeDictionary<RevocationSubject, SubjectStatus>
    /// The principals among the subjects as the state has them, which knows nothing of this.
    var recordedFacts: TreeDictionary<EntityUID, EntityFacts> = [:]

    init(_ statements: some Sequence<SignedStatement>) {
        var statuses: TreeDictionary<RevocationSubject, SubjectStatus> = [:]
        var subjects: [RevocationSubject] = []
        for signed in statements {
            let (subject, status) = (signed.statement.subject, SubjectStatus(signed.statement.kind))
            if statuses[subject] == nil { subjects.append(subject) }
            statuses[subject] = max(status, statuses[subject] ?? .active)
        }
        self.subjects = subjects.sorted()
        self.statuses = statuses
    }

    var isEmpty: Bool { subjects.isEmpty }

    var principals: [EntityUID] {
        subjects.compactMap { if case .principal(let id) = $0 { EntityUIDs.principal(id) } else { nil } }
    }

    /// Active for whom nothing is in force.
    subscript(subject: RevocationSubject) -> SubjectStatus { statuses[subject] ?? .active }
}
