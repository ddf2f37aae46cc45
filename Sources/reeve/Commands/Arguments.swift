import ArgumentParser
import Directory
import HTTPAPI
import Identity
import JSON
import Kernel
import Service

/// A principal on the command line: `agent/NAME`, or a name alone, which is an agent.
struct PrincipalArgument: ExpressibleByArgument {
    let id: PrincipalID

    init?(argument: String) {
        guard let id = PrincipalID(parsing: argument) ?? PrincipalID(kind: .agent, name: argument) else { return nil }
        self.id = id
    }
}

/// What authority is taken from on the command line: a principal, of which a name alone is an agent, or `token/ID`.
struct RevocationArgument: ExpressibleByArgument {
    let subject: RevocationSubject

    init?(argument: String) {
        let agent = PrincipalID(kind: .agent, name: argument).map { RevocationSubject.principal($0) }
        guard let subject = RevocationSubject(parsing: argument) ?? agent else { return nil }
        self.subject = subject
    }
}

/// An entity on the command line: `Type::"id"` or `Type::id`, or `Type/id` as `reeve audit decisions` prints it.
struct EntityArgument: ExpressibleByArgument {
    let reference: EntityName

    init?(argument: String) {
        guard let reference = EntityName(parsing: argument) ?? Self.printed(argument) else { return nil }
        self.reference = reference
    }

    private static func printed(_ text: String) -> EntityName? {
        guard let slash = text.firstIndex(of: "/"), text.index(after: slash) < text.endIndex,
            Grammar.isEntityType(String(text[..<slash]))
        else { return nil }
        return EntityName(type: String(text[..<slash]), id: String(text[text.index(after: slash)...]))
    }
}

/// A time on the command line: RFC 3339 in UTC, a date, or how far ahead, such as `8h`.
struct TimeArgument: ExpressibleByArgument {
    private enum Form {
        case absolute(WallTime)
        case ahead(Span)
    }

    private let form: Form

    init?(argument: String) {
        if let time = WallTime(rfc3339: argument) ?? WallTime(rfc3339: argument + "T00:00:00Z") {
            form = .absolute(time)
        } else if let span = DurationArgument(argument: argument)?.span {
            form = .ahead(span)
        } else {
            return nil
        }
    }

    func time(at now: WallTime) -> WallTime {
        switch form {
        case .absolute(let time): time
        case .ahead(let span): now.advanced(by: span)
        }
    }

    /// Likewise, with a length of time counted back.
    func past(at now: WallTime) -> WallTime {
        switch form {
        case .absolute(let time): time
        case .ahead(let span): now.reduced(by: span)
        }
    }
}

/// A length of time on the command line: a whole number and one of `ms s m h d`.
struct DurationArgument: ExpressibleByArgument {
    let span: Span

    init(span: Span) { self.span = span }

    var defaultValueDescription: String { "\(span.milliseconds / 1000)s" }

    init?(argument: String) {
        let units: [(String, UInt64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        for (unit, milliseconds) in units where argument.hasSuffix(unit) {
            guard let count = UInt64(argument.dropLast(unit.count)) else { continue }
            let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
            guard !overflow, total <= UInt64(Int64.max) / 1000 else { return nil }
            span = .milliseconds(total)
            return
        }
        return nil
    }
}

/// `NAME=VALUE`, where the value is JSON in Cedar's form, or else text.
struct AttributeArgument: ExpressibleByArgument {
    let name: String
    let value: JSONValue

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        let text = String(argument[argument.index(after: equals)...])
        name = String(argument[..<equals])
        value = (try? JSONValue.parse(text)) ?? .string(text)
    }
}

extension [AttributeArgument] {
    /// The last of a repeated name counts.
    var json: JSONValue {
        var members: [JSONMember] = []
        for argument in self {
            members.removeAll { $0.name.isExactly(argument.name) }
            members.append(JSONMember(name: argument.name, value: argument.value))
        }
        return .object(members)
    }
}
