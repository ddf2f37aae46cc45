/// A fact that could be otherwise, and by which a policy would come out otherwise.
package enum Change: Hashable, Sendable {
    /// The first entity is put into the second: a principal is given a role, a document is moved to a folder.
    case join(EntityUID, EntityUID)
    /// The first entity is directly in the second, and is no longer.
    case leave(EntityUID, EntityUID)
    case set(Place, Value)
    /// Any value of the same kind but this one.
    case differ(Place, Value)
    /// Any value at all.
    case provide(Place)
    case clear(Place)
    /// A set has an element more.
    case insert(Value, into: Place)
    case remove(Value, from: Place)

    /// An attribute of an entity, or a field of the context, perhaps inside of records.
    package struct Place: Hashable, Sendable {
        package enum Root: Hashable, Sendable {
            case entity(EntityUID)
            case context
        }

        package let root: Root
        package let path: [AttributeName]
    }

    /// Where it is, for changes of attributes.
    var place: Place? {
        switch self {
        case .join, .leave: nil
        case .set(let place, _), .differ(let place, _), .provide(let place), .clear(let place),
            .insert(_, let place), .remove(_, let place):
            place
        }
    }
}

extension Change: CustomStringConvertible {
    package var description: String {
        switch self {
        case .join(let entity, let group): "\(entity) in \(group)"
        case .leave(let entity, let group): "\(entity) not in \(group)"
        case .set(let place, let value): "\(place) == \(value)"
        case .differ(let place, let value): "\(place) != \(value)"
        case .provide(let place): "\(place) is there"
        case .clear(let place): "\(place) is not there"
        case .insert(let value, let place): "\(place) contains \(value)"
        case .remove(let value, let place): "\(place) does not contain \(value)"
        }
    }
}

extension Change.Place: CustomStringConvertible {
    package var description: String {
        let root: String
        switch self.root {
        case .entity(let uid): root = uid.description
        case .context: root = "context"
        }
        return path.reduce(root) { text, name in
            name.isIdentifier ? "\(text).\(name)" : "\(text)[\(name.text.cedarQuoted)]"
        }
    }
}
