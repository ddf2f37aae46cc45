/// Why two types have nothing in common that a value could have.
enum TypeConflict: Error {
    case unlike, entityTypes, fieldNames, fieldNecessity
}

extension CheckedType {
    /// Whether every value of this type is one of the other.
    func isSubtype(of other: CheckedType, _ mode: ValidationMode) -> Bool {
        switch (self, other) {
        case (.never, _): return true
        case (.bool(let value), .bool(let wanted)): return wanted == nil || value == wanted
        case (.long, .long), (.string, .string): return true
        case (.set(let element), .set(let wanted)): return element.isSubtype(of: wanted, mode)
        case (.record(let record), .record(let wanted)): return record.isSubtype(of: wanted, mode)
        case (.entity(let types), .entity(let wanted)):
            return mode == .strict ? types == wanted : types.isSubset(of: wanted)
        case (.extensionType(let type), .extensionType(let wanted)): return type == wanted
        case (.bool, _), (.long, _), (.string, _), (.set, _), (.record, _), (.entity, _), (.extensionType, _):
            return false
        }
    }

    /// The smallest type that has the values of both.
    func joined(with other: CheckedType, _ mode: ValidationMode) throws(TypeConflict) -> CheckedType {
        if isSubtype(of: other, mode) { return other }
        if other.isSubtype(of: self, mode) { return self }
        switch (self, other) {
        case (.bool, .bool): return .anyBool
        case (.set(let left), .set(let right)): return .set(try left.joined(with: right, mode))
        case (.record(let left), .record(let right)): return .record(try left.joined(with: right, mode))
        case (.entity(let left), .entity(let right)):
            guard mode == .permissive else { throw .entityTypes }
            return .entity(left.union(right))
        case (.never, _), (.bool, _), (.long, _), (.string, _), (.set, _), (.record, _), (.entity, _),
            (.extensionType, _):
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
    /// A closed record has no other fields than the other lists; where the other is open and unions are allowed, it may.
    fileprivate func isSubtype(of other: CheckedRecord, _ mode: ValidationMode) -> Bool {
        if isOpen, !other.isOpen { return false }
        let mayHaveMore = other.isOpen && mode == .permissive
        guard mayHaveMore || attributes.count == other.attributes.count else { return false }
        return other.attributes.allSatisfy { wanted in
            guard let own = self[wanted.name] else { return false }
            let isNecessityKept =
                mode == .strict ? own.isRequired == wanted.isRequired : own.isRequired || !wanted.isRequired
            return isNecessityKept && own.type.isSubtype(of: wanted.type, mode)
        }
    }

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
        return CheckedRecord(sorted: joined, isOpen: isOpen || other.isOpen || !isComplete)
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
