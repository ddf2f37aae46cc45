package import Cedar

extension AttributeValue {
    /// The value as policies see it. Nil when an extension's argument does not parse, or no such extension exists.
    package var cedarValue: Value? {
        switch self {
        case .bool(let value): .bool(value)
        case .long(let value): .long(value)
        case .string(let value): .string(value)
        case .entity(let name): .entity(name.uid)
        case .set(let elements): elements.allOrNil(\.cedarValue).map { .set(ValueSet($0)) }
        case .record(let attributes): attributes.cedarRecord.map { .record($0) }
        case .extension(let function, let argument): Self.call(function, argument)
        }
    }

    private static func call(_ function: String, _ argument: String) -> Value? {
        switch function {
        case "ip": (try? IPRange.parse(argument)).map { .ip($0) }
        case "decimal": (try? CedarDecimal.parse(argument)).map { .decimal($0) }
        case "datetime": (try? CedarDateTime.parse(argument)).map { .datetime($0) }
        case "duration": (try? CedarDuration.parse(argument)).map { .duration($0) }
        default: nil
        }
    }
}

extension Attributes {
    /// Nil when a value has no form in Cedar.
    package var cedarRecord: Cedar.Record? {
        entries.allOrNil { entry in entry.value.cedarValue.map { (entry.name, $0) } }.map { Cedar.Record($0) }
    }
}

extension EntityName {
    package init(_ uid: EntityUID) { self.init(type: uid.type.text, id: uid.id) }

    package var uid: EntityUID { EntityUID(type: type, id: id) }
}

extension Sequence {
    fileprivate func allOrNil<Result>(_ transform: (Element) -> Result?) -> [Result]? {
        var results: [Result] = []
        for element in self {
            guard let result = transform(element) else { return nil }
            results.append(result)
        }
        return results
    }
}
