import JSON

/// What an expression evaluates to.
///
/// Equality is structural and total: values of different kinds are unequal, never an error. Texts are equal when their
/// code points are.
public enum Value: Sendable {
    case bool(Bool)
    case long(Int64)
    case string(String)
    case set(ValueSet)
    case record(Record)
    case entity(EntityUID)
    case ip(IPRange)
    case decimal(CedarDecimal)
    case datetime(CedarDateTime)
    case duration(CedarDuration)
}

extension Value {
    /// The kinds of values, as messages name them.
    public enum Kind: UInt8, Hashable, Sendable, CustomStringConvertible {
        case bool, long, string, set, record, entity, ipaddr, decimal, datetime, duration

        public var description: String {
            switch self {
            case .bool: "bool"
            case .long: "long"
            case .string: "string"
            case .set: "set"
            case .record: "record"
            case .entity: "entity"
            case .ipaddr: "ipaddr"
            case .decimal: "decimal"
            case .datetime: "datetime"
            case .duration: "duration"
            }
        }
    }

    public var kind: Kind {
        switch self {
        case .bool: .bool
        case .long: .long
        case .string: .string
        case .set: .set
        case .record: .record
        case .entity: .entity
        case .ip: .ipaddr
        case .decimal: .decimal
        case .datetime: .datetime
        case .duration: .duration
        }
    }
}

extension Value: Hashable {
    public static func == (lhs: Value, rhs: Value) -> Bool {
        switch (lhs, rhs) {
        case (.bool(let left), .bool(let right)): left == right
        case (.long(let left), .long(let right)): left == right
        case (.string(let left), .string(let right)): left.isExactly(right)
        case (.set(let left), .set(let right)): left == right
        case (.record(let left), .record(let right)): left == right
        case (.entity(let left), .entity(let right)): left == right
        case (.ip(let left), .ip(let right)): left == right
        case (.decimal(let left), .decimal(let right)): left == right
        case (.datetime(let left), .datetime(let right)): left == right
        case (.duration(let left), .duration(let right)): left == right
        case (.bool, _), (.long, _), (.string, _), (.set, _), (.record, _), (.entity, _), (.ip, _), (.decimal, _),
            (.datetime, _), (.duration, _):
            false
        }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        switch self {
        case .bool(let value): hasher.combine(value)
        case .long(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .set(let value): hasher.combine(value)
        case .record(let value): hasher.combine(value)
        case .entity(let value): hasher.combine(value)
        case .ip(let value): hasher.combine(value)
        case .decimal(let value): hasher.combine(value)
        case .datetime(let value): hasher.combine(value)
        case .duration(let value): hasher.combine(value)
        }
    }
}

extension Value: CustomStringConvertible {
    /// As an expression in Cedar's text form.
    public var description: String {
        switch self {
        case .bool(let value): "\(value)"
        case .long(let value): "\(value)"
        case .string(let value): value.cedarQuoted
        case .set(let value): value.description
        case .record(let value): value.description
        case .entity(let value): value.description
        case .ip(let value): "ip(\"\(value)\")"
        case .decimal(let value): "decimal(\"\(value)\")"
        case .datetime(let value): "datetime(\"\(value)\")"
        case .duration(let value): "duration(\"\(value)\")"
        }
    }
}
