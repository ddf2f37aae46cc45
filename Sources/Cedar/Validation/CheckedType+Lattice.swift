/// Why two types have nothing in common that a value could have.
enum TypeConflict: Error {
    case unlike, entityTypes, fieldNames, fieldNecessity
}

extension CheckedType {
    /// The smallest type that has the values of both. In strict mode unlike entities and records have none.
    func joined(with other: CheckedType, _ mode: ValidationMode) throws(TypeConflict) -> CheckedType {
        switch (self, other) {
        case (.never, _): return other
        case (_, .never): return self
        case (.bool(let left), .bool(let right)): return .bool(left == right ? left : nil)
        case (.long, .long), (.string, .string): return self
        case (.extensionType(let left), .extensionType(let right)) where left == right: return self
        case (.set(let left), .set(let right)): return .set(try left.joined(with: right, mode))
        case (.record(let left), .record(let right)): return .record(try left.joined(with: right, mode))
        case (.entity(let left), .entity(let right)):
            guard mode == .permissive || left == right else { throw .entityTypes }
            return .entity(left.union(right))
        case (.bool, _), (.long, _), (.string, _), (.set, _), (.record, _), (.entity, _), (.extensionType, _):
            throw .unlike
        }
    }

    /// Whether no value is of both types. That it says so of entities alone keeps the empty set a value of every type of
    /// sets.
    func isDisjoint(with other: CheckedType) -> Bool {
        if case .entity(let left) = self, case .entity(let right) = other { return left.isDisjoint(with: right) }
        return false
    }
}

extension CheckedRecord {
    /// In strict mode both have the same fields. Otherwise the fields that they share with types that can be joined are
    /// known of the result, which is open if it loses any.
    fileprivate func joined(
        with other: CheckedRecord,
        _ mode: ValidationMode
    ) throws(TypeConflict) -> CheckedRecord {
        var joined: [Attribute] = []
        for own in attributes {
            do throws(TypeConflict) {
                guard let match = other[own.name] else { throw .fieldNames }
                joined.append(try own.joined(with: match, mode))
            } catch {
                guard mode == .permissive else { throw error }
            }
        }
        if mode == .strict, joined.count != other.attributes.count { throw .fieldNames }
        let isComplete = joined.count == attributes.count && joined.count == other.attributes.count
        return CheckedRecord(sorted: joined, rest: max(rest, other.rest, isComplete ? .none : .unshared))
    }
}

extension CheckedRecord.Attribute {
    func joined(
        with other: CheckedRecord.Attribute,
        _ mode: ValidationMode
    ) throws(TypeConflict) -> CheckedRecord.Attribute {
        let type = try type.joined(with: other.type, mode)
        if mode == .strict, isRequired != other.isRequired { throw .fieldNecessity }
        return CheckedRecord.Attribute(name: name, type: type, isRequired: isRequired && other.isRequired)
    }
}
