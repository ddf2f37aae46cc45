/// A request and its entities as they would be after some changes.
struct Hypothesis: EntityProvider {
    let request: Request
    private let base: any EntityProvider
    private let changes: [Change]

    init(_ request: Request, _ base: any EntityProvider, _ changes: [Change]) {
        self.base = base
        self.changes = changes
        self.request = Request(
            principal: request.principal,
            action: request.action,
            resource: request.resource,
            context: Self.changed(request.context, by: changes, at: .context)
        )
    }

    func entity(_ uid: EntityUID) -> Entity? {
        let entity = base.entity(uid)
        guard entity != nil || changes.contains(where: { $0.concerns(uid) }) else { return nil }
        return Entity(
            uid: uid,
            attributes: Self.changed(entity?.attributes ?? .empty, by: changes, at: .entity(uid)),
            tags: entity?.tags ?? .empty,
            parents: parents(of: uid, entity?.parents ?? [])
        )
    }

    private func parents(of uid: EntityUID, _ parents: [EntityUID]) -> [EntityUID] {
        var parents = parents
        for change in changes {
            switch change {
            case .join(uid, let group): parents.append(group)
            case .leave(uid, let group): parents.removeAll { $0 == group }
            default: continue
            }
        }
        return parents
    }

    private static func changed(_ record: Record, by changes: [Change], at root: Change.Place.Root) -> Record {
        changes.reduce(record) { record, change in
            guard let place = change.place, place.root == root else { return record }
            return record.changed(at: place.path[...]) { change.result(on: $0) }
        }
    }
}

extension Change {
    fileprivate func concerns(_ uid: EntityUID) -> Bool {
        switch self {
        case .join(uid, _), .leave(uid, _): true
        default: place?.root == .entity(uid)
        }
    }

    /// What stands in the place afterwards; one example where there are many.
    fileprivate func result(on value: Value?) -> Value? {
        switch self {
        case .join, .leave: value
        case .set(_, let wanted): wanted
        case .differ(_, let unwanted): unwanted.example
        case .provide: value ?? .record(.empty)
        case .clear: nil
        case .insert(let element, _): .set(ValueSet(Self.elements(value) + [element]))
        case .remove(let element, _): .set(ValueSet(Self.elements(value).filter { $0 != element }))
        }
    }

    private static func elements(_ value: Value?) -> [Value] {
        if case .set(let set) = value { set.elements } else { [] }
    }
}

extension Value {
    /// Another value of the same kind, where there is a simple one.
    fileprivate var example: Value {
        switch self {
        case .bool(let value): .bool(!value)
        case .long(let value): .long(value == .max ? value - 1 : value + 1)
        case .string(let value): .string(value + "?")
        case .entity(let uid): .entity(EntityUID(type: uid.type, id: uid.id + "?"))
        case .set(let set): .set(set.isEmpty ? [.bool(true)] : [])
        case .record(let record): .record(record.isEmpty ? ["?": .bool(true)] : .empty)
        case .ip, .decimal, .datetime, .duration: self
        }
    }
}

extension Record {
    /// With another value, or none, behind a path. What is missing on the way is made; what is no record stays.
    fileprivate func changed(at path: ArraySlice<AttributeName>, _ change: (Value?) -> Value?) -> Record {
        guard let name = path.first else { return self }
        let result: Value?
        if path.count == 1 {
            result = change(self[name])
        } else {
            switch self[name] {
            case nil: result = .record(Record.empty.changed(at: path.dropFirst(), change))
            case .record(let inner): result = .record(inner.changed(at: path.dropFirst(), change))
            case let other: result = other
            }
        }
        let others = fields.filter { $0.name != name }
        return Record(fields: others + (result.map { [Field(name: name, value: $0)] } ?? []))
    }
}
