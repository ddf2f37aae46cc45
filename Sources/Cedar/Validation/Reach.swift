/// How far from the request an entity is: through how many others it is read.
///
/// Level validation (RFC 76) bounds that. Of a record literal each field has its own reach, of any other value all that is in it
/// has the same.
indirect enum Reach: Sendable {
    /// By so many steps from the request.
    case level(Int)
    /// Named in the policy.
    case literal
    case record([AttributeName: Reach])
    /// One or the other.
    case either(Reach, Reach)

    static let named = Reach.level(0)

    func joined(with other: Reach) -> Reach {
        if case .level(let own) = self, case .level(let level) = other { return .level(max(own, level)) }
        return .either(self, other)
    }

    /// Of a field of a record.
    func field(_ name: AttributeName) -> Reach {
        switch self {
        case .level, .literal: self
        case .record(let fields): fields[name] ?? .named
        case .either(let left, let right): left.field(name).joined(with: right.field(name))
        }
    }

    /// The largest number of steps.
    fileprivate var level: Int {
        switch self {
        case .level(let level): level
        case .literal, .record: 0
        case .either(let left, let right): max(left.level, right.level)
        }
    }

    fileprivate var mayBeLiteral: Bool {
        switch self {
        case .level, .record: false
        case .literal: true
        case .either(let left, let right): left.mayBeLiteral || right.mayBeLiteral
        }
    }
}

extension TypeChecker {
    /// Notes that the data of an entity is read. The reach of what is found there.
    @discardableResult
    mutating func dereference(_ owner: Answer, at expression: Expression) -> Reach {
        guard let maxLevel else { return .named }
        if owner.reach.mayBeLiteral { reportLevel(.literalRead, at: expression) }
        let level = owner.reach.level + 1
        if level > maxLevel { reportLevel(.levelExceeded(level: level, limit: maxLevel), at: expression) }
        return .level(level)
    }

    /// Of an attribute of a record or an entity.
    mutating func reach(of name: AttributeName, in owner: Answer, at expression: Expression) -> Reach {
        if case .record = owner.type { return owner.reach.field(name) }
        return dereference(owner, at: expression)
    }
}
