package import JSON

/// Reads the members of one object by name, and refuses those that nobody asked for.
///
///     var reader = try ObjectReader(document)
///     let name = try reader.string("name")
///     try reader.finish()
///
/// A member that is `null` counts as absent.
package struct ObjectReader {
    package let path: FieldPath
    private let members: [JSONMember]
    private var known: [String] = []

    package init(_ value: JSONValue, at path: FieldPath = .root) throws(FieldError) {
        guard let members = value.objectValue else {
            throw FieldError(path, "must be an object, not \(value.kind)")
        }
        self.members = members
        self.path = path
    }

    /// Fails on the first member that was not read.
    package func finish() throws(FieldError) {
        for member in members where !known.contains(where: { $0.isExactly(member.name) }) {
            throw FieldError(
                path.member(member.name),
                "unknown field; known are \(known.sorted().joined(separator: ", "))"
            )
        }
    }

    /// Of the members that are not `null`, in the order of the text: for objects whose names are values.
    package var names: [String] { members.lazy.filter { !$0.value.isNull }.map(\.name) }

    package mutating func optional(_ name: String) -> JSONValue? {
        known.append(name)
        guard let value = members.first(where: { $0.name.isExactly(name) })?.value, !value.isNull else { return nil }
        return value
    }

    package mutating func required(_ name: String) throws(FieldError) -> JSONValue {
        guard let value = optional(name) else { throw FieldError(path.member(name), "is missing") }
        return value
    }

    package mutating func optionalString(_ name: String) throws(FieldError) -> String? {
        guard let value = optional(name) else { return nil }
        guard let text = value.stringValue else {
            throw FieldError(path.member(name), "must be text, not \(value.kind)")
        }
        return text
    }

    package mutating func string(_ name: String) throws(FieldError) -> String {
        guard let text = try optionalString(name) else { throw FieldError(path.member(name), "is missing") }
        return text
    }

    package mutating func optionalBool(_ name: String) throws(FieldError) -> Bool? {
        guard let value = optional(name) else { return nil }
        guard let flag = value.boolValue else {
            throw FieldError(path.member(name), "must be true or false, not \(value.kind)")
        }
        return flag
    }

    /// A whole number within the range.
    package mutating func optionalInteger<Number: FixedWidthInteger>(
        _ name: String,
        in range: ClosedRange<Number>
    ) throws(FieldError) -> Number? {
        guard let value = optional(name) else { return nil }
        guard let wide = value.integerValue, let number = Number(exactly: wide), range.contains(number) else {
            throw FieldError(
                path.member(name),
                "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    package mutating func integer<Number: FixedWidthInteger>(
        _ name: String,
        in range: ClosedRange<Number>
    ) throws(FieldError) -> Number {
        guard let number = try optionalInteger(name, in: range) else {
            throw FieldError(path.member(name), "is missing")
        }
        return number
    }

    /// Each element with its own path; empty when absent.
    package mutating func array(_ name: String) throws(FieldError) -> [(value: JSONValue, path: FieldPath)] {
        guard let value = optional(name) else { return [] }
        guard let elements = value.arrayValue else {
            throw FieldError(path.member(name), "must be a list, not \(value.kind)")
        }
        return elements.enumerated().map { ($0.element, path.member(name).element($0.offset)) }
    }

    package mutating func strings(_ name: String) throws(FieldError) -> [String] {
        try array(name).map { (element: (value: JSONValue, path: FieldPath)) throws(FieldError) -> String in
            guard let text = element.value.stringValue else {
                throw FieldError(element.path, "must be text, not \(element.value.kind)")
            }
            return text
        }
    }

    /// An object inside this one; nil when absent.
    package mutating func optionalObject(_ name: String) throws(FieldError) -> ObjectReader? {
        guard let value = optional(name) else { return nil }
        return try ObjectReader(value, at: path.member(name))
    }

    package mutating func object(_ name: String) throws(FieldError) -> ObjectReader {
        try ObjectReader(required(name), at: path.member(name))
    }

    /// One of the raw values of an enumeration.
    package mutating func optionalChoice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        _ type: Choice.Type = Choice.self
    ) throws(FieldError) -> Choice? where Choice.RawValue == String {
        guard let text = try optionalString(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw FieldError(path.member(name), "must be one of \(choices)")
        }
        return choice
    }
}
