/// A value in its place, which somebody holds: to hand this on counts no reference.
///
/// Each question reads what it needs and no more. Only `value` is a copy.
@safe package struct ValuePlace {
    let pointer: UnsafePointer<Value>

    init(_ pointer: UnsafePointer<Value>) { unsafe self.pointer = pointer }

    var value: Value { unsafe pointer.pointee }

    var bool: Bool? { if case .bool(let holds) = unsafe pointer.pointee { holds } else { nil } }

    var long: Int64? { if case .long(let number) = unsafe pointer.pointee { number } else { nil } }

    /// Of an entity, its identity's.
    var entityCode: Int? { if case .entity(let uid) = unsafe pointer.pointee { uid.code } else { nil } }

    package var uid: EntityUID? { if case .entity(let uid) = unsafe pointer.pointee { uid } else { nil } }

    func isEntity(_ other: EntityUID) -> Bool {
        guard case .entity(let uid) = unsafe pointer.pointee else { return false }
        return uid == other
    }

    /// Nil for what is no text.
    func matches(_ pattern: PatternPlaces) -> Bool? {
        guard case .string(let text) = unsafe pointer.pointee else { return nil }
        return pattern.match(text)
    }

    /// Of a text.
    var byteCount: Int? { if case .string(let text) = unsafe pointer.pointee { text.utf8.count } else { nil } }

    var text: String? { if case .string(let text) = unsafe pointer.pointee { text } else { nil } }

    var ip: IPRange? { if case .ip(let range) = unsafe pointer.pointee { range } else { nil } }

    var set: ValueSet? { if case .set(let set) = unsafe pointer.pointee { set } else { nil } }

    /// Of a record.
    var fields: FieldPlaces? { if case .record(let record) = unsafe pointer.pointee { record.places } else { nil } }

    /// A number of what can be less than another of its kind.
    var quantity: (kind: Value.Kind, number: Int64)? {
        switch unsafe pointer.pointee {
        case .long(let number): (.long, number)
        case .datetime(let moment): (.datetime, moment.milliseconds)
        case .duration(let length): (.duration, length.milliseconds)
        case .bool, .string, .set, .record, .entity, .ip, .decimal: nil
        }
    }

    func isSame(as other: ValuePlace) -> Bool {
        if let isSame = isSameAtAGlance(as: other) { return isSame }
        return isEqual(to: other)
    }

    /// Nil where that takes more. Names that differ have different codes, and equal ones of the same origin the same bits.
    private func isSameAtAGlance(as other: ValuePlace) -> Bool? {
        switch unsafe pointer.pointee {
        case .entity(let uid):
            guard let code = other.entityCode else { return false }
            return uid.code == code ? nil : false
        case .string(let text):
            guard case .string(let other) = unsafe other.pointer.pointee else { return false }
            return text._isIdentical(to: other) ? true : nil
        case .long(let number): return other.long == number
        case .bool(let holds): return other.bool == holds
        case .set, .record, .ip, .decimal, .datetime, .duration: return nil
        }
    }

    @inline(never) private func isEqual(to other: ValuePlace) -> Bool { value == other.value }
}

/// The fields of a record that somebody holds.
// Safe: the record's buffer is not written after its initializer, and whoever uses this holds the record.
@safe struct FieldPlaces: @unchecked Sendable {
    private let base: UnsafePointer<Record.Field>
    private let count: Int

    private static let fewCount = 8

    init(base: UnsafePointer<Record.Field>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    static let none = Record.empty.places

    func value(of name: AttributeName) -> ValuePlace? {
        unsafe withUnsafePointer(to: name) { unsafe value(of: $0) }
    }

    /// One by one while they are few, and else by bisection.
    func value(of name: UnsafePointer<AttributeName>) -> ValuePlace? {
        if count <= Self.fewCount {
            // Most names are of the same bits as the one that is meant.
            for place in 0..<count where unsafe base[place].name.text._isIdentical(to: name.pointee.text) {
                return value(at: place)
            }
            for place in 0..<count where unsafe base[place].name == name.pointee { return value(at: place) }
            return nil
        }
        var range = 0..<count
        while let middle = range.middle {
            if unsafe base[middle].name == name.pointee { return value(at: middle) }
            range =
                unsafe base[middle].name < name.pointee ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    private func value(at place: Int) -> ValuePlace {
        unsafe ValuePlace((base + place).pointer(to: \.value).unsafelyUnwrapped)
    }
}
