internal import Cedar
internal import Directory
internal import HashTreeCollections
internal import Kernel

/// What statements that the log has not judged yet have taken from whom.
struct ProvisionalStandings: Hashable, Sendable {
    /// Sorted, each once.
    private let subjects: [RevocationSubject]
    private let statuses: TreeDictionary<RevocationSubject, SubjectStatus>
    /// What those below them are under.
    private let cascades: TreeDictionary<EntityUID, Cascade>
    /// The principals among the subjects as the state has them, which knows nothing of this.
    var recordedFacts: TreeDictionary<EntityUID, EntityFacts> = [:]

    init(_ statements: some Sequence<SignedStatement>) {
        var statuses: TreeDictionary<RevocationSubject, SubjectStatus> = [:]
        var cascades: TreeDictionary<EntityUID, Cascade> = [:]
        var subjects: [RevocationSubject] = []
        for signed in statements {
            let (subject, status) = (signed.statement.subject, SubjectStatus(signed.statement.kind))
            if statuses[subject] == nil { subjects.append(subject) }
            statuses[subject] = max(status, statuses[subject] ?? .active)
            if signed.statement.cascades, case .principal(let id) = subject {
                let uid = EntityUIDs.principal(id)
                let cascade = Cascade(ancestor: uid, status: status, statement: signed.id)
                cascades[uid] = cascades[uid].map { $0.stricter(cascade) } ?? cascade
            }
        }
        self.subjects = subjects.sorted()
        self.statuses = statuses
        self.cascades = cascades
    }

    var isEmpty: Bool { subjects.isEmpty }
    var hasCascades: Bool { !cascades.isEmpty }

    func cascade(from uid: EntityUID) -> Cascade? { cascades[uid] }

    var principals: [EntityUID] {
        subjects.compactMap { if case .principal(let id) = $0 { EntityUIDs.principal(id) } else { nil } }
    }

    /// Active for whom nothing is in force.
    subscript(subject: RevocationSubject) -> SubjectStatus { statuses[subject] ?? .active }
}
