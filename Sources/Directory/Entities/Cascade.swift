package import Cedar
internal import Identity
package import Kernel

/// A statement that also takes from everybody below its subject, as it meets one of them.
///
/// A principal is below its owner and below who spawned it (`owner` and `parent`), and below all that those are below. Whoever
/// is below has the statement's status at most. What was granted by one of them, or by the subject, counts for nothing: roles,
/// and tokens of others. So do roles that somebody else granted after he had got a role in such a way.
///
/// Nothing of this is kept: it is asked anew at each decision, of the entities as they are then. So it holds for what is created
/// below later, and a lift of the one statement ends all of it.
package struct Cascade: Hashable, Sendable {
    /// Whom the statement is against.
    package let ancestor: EntityUID
    package let status: SubjectStatus
    package let statement: Digest

    package init(ancestor: EntityUID, status: SubjectStatus, statement: Digest) {
        self.ancestor = ancestor
        self.status = status
        self.statement = statement
    }

    /// This one unless the other is stricter.
    package func stricter(_ other: Cascade) -> Cascade { other.status > status ? other : self }
}

/// What those above a principal have brought upon it.
package enum CascadeFinding: Hashable, Sendable {
    case none
    /// The strictest; of several, of the nearest.
    case under(Cascade)
    /// More are above it than are looked at. Nobody can say, so it has nothing.
    case unknown

    package var status: SubjectStatus {
        switch self {
        case .none: .active
        case .under(let cascade): cascade.status
        case .unknown: .revoked
        }
    }
}

/// Facts as the directory has them, and what cascades from whom.
package protocol CascadingSource: EntitySource {
    /// The strictest statement against the entity itself that cascades.
    func cascade(from uid: EntityUID) -> Cascade?
}

extension CascadingSource {
    /// What comes from those above a principal.
    package func cascade(above uid: EntityUID) -> CascadeFinding {
        var found: Cascade?
        var seen: Set<EntityUID> = [uid]
        // The list that grows is also what waits.
        var line = [uid]
        var walked = 0
        while walked < line.count {
            for next in facts(line[walked])?.superiors ?? [] where seen.insert(next).inserted {
                guard line.count <= Limits.ancestors else { return .unknown }
                line.append(next)
                if let cascade = cascade(from: next), found.map({ $0.status < cascade.status }) ?? true {
                    found = cascade
                }
            }
            walked += 1
        }
        return found.map { .under($0) } ?? .none
    }

    /// What comes from a principal itself or from those above it: what it granted counts for nothing then.
    package func cascade(onGrantsOf uid: EntityUID) -> CascadeFinding {
        let above = cascade(above: uid)
        guard let own = cascade(from: uid), own.status >= above.status else { return above }
        return .under(own)
    }

    /// Why a role counts for nothing: because of who granted it, or of who had given that one a role before.
    package func cascade(onto grant: EntityFacts.Grant) -> CascadeFinding {
        guard let origin = grant.origin else { return .none }
        var waiting = [origin]
        // By grantor, up to which revision what it had been granted is looked at.
        var looked: [EntityUID: LogIndex] = [:]
        var walked = 0
        while walked < waiting.count {
            let next = waiting[walked]
            walked += 1
            let before = looked[next.grantor]
            guard before.map({ $0 < next.revision }) ?? true else { continue }
            looked[next.grantor] = next.revision
            if before == nil {
                guard looked.count <= Limits.grantors else { return .unknown }
                let finding = cascade(onGrantsOf: next.grantor)
                guard finding == .none else { return finding }
            }
            let grants = facts(next.grantor)?.grants ?? []
            waiting += grants.compactMap(\.origin).filter {
                $0.revision < next.revision && $0.revision >= before ?? .zero
            }
        }
        return .none
    }
}

/// The entities as they are while something cascades.
package struct CascadedEntities<Source: CascadingSource>: EntitySource {
    private let source: Source

    package init(_ source: Source) { self.source = source }

    package func facts(_ uid: EntityUID) -> EntityFacts? {
        guard let facts = source.facts(uid) else { return nil }
        guard PrincipalKind(entityType: uid.type) != nil else { return facts }
        let above = source.cascade(above: uid).status
        let kept = facts.grants.filter { source.cascade(onto: $0) == .none }
        return facts.lowered(to: above, keeping: kept)
    }
}

extension EntityFacts {
    /// Who is directly above a principal; nobody, for other entities.
    var superiors: [EntityUID] {
        Self.superiorAttributes.compactMap { name in
            if case .entity(let uid)? = attributes[name] { uid } else { nil }
        }
    }

    private static let superiorAttributes: [AttributeName] = ["owner", "parent"]
}
