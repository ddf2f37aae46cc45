package import Cedar
package import Directory

/// What a statement that cascades took from somebody else than its subject.
package struct CascadeEffect: Hashable, Sendable {
    package enum Taken: Hashable, Sendable {
        /// Of the caller or the subject, which is below.
        case standing(of: EntityUID)
        /// Of the subject, which would have it otherwise.
        case role(EntityUID, grantor: EntityUID)
        /// By which the caller came.
        case token(issuer: EntityUID)
    }

    package let cascade: Cascade
    package let taken: Taken

    init(_ cascade: Cascade, on taken: Taken) {
        self.cascade = cascade
        self.taken = taken
    }
}

extension DecisionSnapshot {
    /// Roles of a principal that count for nothing, and why, where that can be said.
    func undoneRoles(of uid: EntityUID) -> [CascadeEffect] {
        (facts(uid)?.grants ?? []).compactMap { grant in
            guard let origin = grant.origin, case .under(let cascade) = self.cascade(onto: grant) else { return nil }
            return CascadeEffect(cascade, on: .role(grant.role, grantor: origin.grantor))
        }
    }
}
