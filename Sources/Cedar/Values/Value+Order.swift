/// Where a value stands against another.
enum Placement {
    case before, same, after

    init<Number: Comparable>(_ left: Number, _ right: Number) {
        self = left < right ? .before : left == right ? .same : .after
    }

    /// Of two sequences: by the first elements that differ, else the shorter one first.
    init<Parts: RandomAccessCollection>(
        _ left: Parts,
        _ right: Parts,
        by place: (Parts.Element, Parts.Element) -> Placement
    ) {
        for (first, second) in zip(left, right) {
            let placement = place(first, second)
            guard placement == .same else {
                self = placement
                return
            }
        }
        self.init(left.count, right.count)
    }
}

extension Value: Comparable {
    /// A total order over all values, by kind first. It is ours, so that sets have one form; the language knows none.
    public static func < (lhs: Value, rhs: Value) -> Bool { lhs.placement(against: rhs) == .before }

    /// Looks at each part once. Asking `<` both ways at each level would double the work with each level of nesting, and
    /// how deep values nest is up to whoever sends them.
    func placement(against other: Value) -> Placement {
        switch (self, other) {
        case (.bool(let left), .bool(let right)): Placement(left ? 1 : 0, right ? 1 : 0)
        case (.long(let left), .long(let right)): Placement(left, right)
        case (.string(let left), .string(let right)): Placement(AttributeName(left), AttributeName(right))
        case (.set(let left), .set(let right)):
            Placement(left.elements, right.elements) { $0.placement(against: $1) }
        case (.record(let left), .record(let right)):
            Placement(left.fields, right.fields) { $0.placement(against: $1) }
        case (.entity(let left), .entity(let right)): Placement(left, right)
        case (.ip(let left), .ip(let right)): Placement(left, right)
        case (.decimal(let left), .decimal(let right)): Placement(left, right)
        case (.datetime(let left), .datetime(let right)): Placement(left, right)
        case (.duration(let left), .duration(let right)): Placement(left, right)
        case (.bool, _), (.long, _), (.string, _), (.set, _), (.record, _), (.entity, _), (.ip, _), (.decimal, _),
            (.datetime, _), (.duration, _):
            Placement(kind.rawValue, other.kind.rawValue)
        }
    }
}

extension Record.Field {
    fileprivate func placement(against other: Record.Field) -> Placement {
        let names = Placement(name, other.name)
        return names == .same ? value.placement(against: other.value) : names
    }
}
