extension JSONValue {
    /// Reads one JSON text, nothing before or after it but white space.
    ///
    /// Strict RFC 8259: valid UTF-8 without byte order mark, no trailing comma, no half of a surrogate pair. A name given
    /// twice in an object is an error, since readers differ on which counts.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try JSONParser.parse(bytes, limits: limits)
    }

    package static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try JSONParser.parse([UInt8](text.utf8), limits: limits)
    }
}

/// A recursive descent over the bytes, at most `maxDepth` frames of it.
struct JSONParser {
    private let limits: JSONLimits
    private var index = 0
    private var depth = 0
    private var elements = 0

    /// A reason and its offset; the position is worked out once, at the end.
    struct Failure: Error {
        let reason: JSONError.Reason
        let offset: Int
    }

    static func parse(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) -> JSONValue {
        var parser = JSONParser(limits: limits)
        do throws(Failure) {
            guard bytes.count <= limits.maxBytes else {
                throw Failure(reason: .tooLong(bytes: bytes.count, limit: limits.maxBytes), offset: 0)
            }
            return try parser.document(bytes.span)
        } catch {
            let before = bytes[..<min(error.offset, bytes.count)]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            throw JSONError(
                offset: error.offset,
                line: line,
                column: error.offset - lineStart + 1,
                reason: error.reason
            )
        }
    }

    private init(limits: JSONLimits) { self.limits = limits }

    private mutating func document(_ input: Span<UInt8>) throws(Failure) -> JSONValue {
        skipSpace(input)
        let value = try value(input)
        skipSpace(input)
        guard index == input.count else { throw failure(.trailingText) }
        return value
    }

    private mutating func value(_ input: Span<UInt8>) throws(Failure) -> JSONValue {
        elements += 1
        guard elements <= limits.maxElements else { throw failure(.tooManyElements(limit: limits.maxElements)) }
        guard index < input.count else { throw failure(.endOfText) }
        switch input[index] {
        case UInt8(ascii: "\""): return .string(try string(input))
        case UInt8(ascii: "{"): return try object(input)
        case UInt8(ascii: "["): return try array(input)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(input)
        case UInt8(ascii: "t"): return try word(input, "true", .bool(true))
        case UInt8(ascii: "f"): return try word(input, "false", .bool(false))
        case UInt8(ascii: "n"): return try word(input, "null", .null)
        default: throw failure(.unexpected(byte: input[index], expected: "a value"))
        }
    }

    private mutating func object(_ input: Span<UInt8>) throws(Failure) -> JSONValue {
        try enter()
        var members: [JSONMember] = []
        var seen: Set<ExactText> = []
        if try !closes(input, UInt8(ascii: "}")) {
            members.reserveCapacity(4)
            repeat {
                skipSpace(input)
                let start = index
                guard index < input.count else { throw failure(.endOfText) }
                guard input[index] == UInt8(ascii: "\"") else {
                    throw failure(.unexpected(byte: input[index], expected: "a member's name"))
                }
                let name = try string(input)
                guard Self.isNew(name, among: members, seen: &seen) else {
                    throw Failure(reason: .duplicateName(name), offset: start)
                }
                skipSpace(input)
                try expect(input, UInt8(ascii: ":"), "':'")
                skipSpace(input)
                members.append(JSONMember(name: name, value: try value(input)))
            } while try continues(input, closing: UInt8(ascii: "}"), "',' or '}'")
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array(_ input: Span<UInt8>) throws(Failure) -> JSONValue {
        try enter()
        var values: [JSONValue] = []
        if try !closes(input, UInt8(ascii: "]")) {
            repeat {
                skipSpace(input)
                values.append(try value(input))
            } while try continues(input, closing: UInt8(ascii: "]"), "',' or ']'")
        }
        depth -= 1
        return .array(values)
    }

    /// Compares with each while they are few, and keeps a set of names from then on.
    private static func isNew(_ name: String, among members: [JSONMember], seen: inout Set<ExactText>) -> Bool {
        if members.count < 16 { return !members.contains { $0.name.isExactly(name) } }
        if seen.isEmpty { seen = Set(members.map { ExactText($0.name) }) }
        return seen.insert(ExactText(name)).inserted
    }
}

extension JSONParser {
    private mutating func enter() throws(Failure) {
        depth += 1
        guard depth <= limits.maxDepth else { throw failure(.tooDeep(limit: limits.maxDepth)) }
        index += 1
    }

    private mutating func closes(_ input: Span<UInt8>, _ closing: UInt8) throws(Failure) -> Bool {
        skipSpace(input)
        guard index < input.count else { throw failure(.endOfText) }
        guard input[index] == closing else { return false }
        index += 1
        return true
    }

    private mutating func continues(
        _ input: Span<UInt8>,
        closing: UInt8,
        _ expected: String
    ) throws(Failure) -> Bool {
        skipSpace(input)
        guard index < input.count else { throw failure(.endOfText) }
        let byte = input[index]
        guard byte == UInt8(ascii: ",") || byte == closing else {
            throw failure(.unexpected(byte: byte, expected: expected))
        }
        index += 1
        return byte != closing
    }

    private mutating func expect(_ input: Span<UInt8>, _ byte: UInt8, _ expected: String) throws(Failure) {
        guard index < input.count else { throw failure(.endOfText) }
        guard input[index] == byte else { throw failure(.unexpected(byte: input[index], expected: expected)) }
        index += 1
    }

    private mutating func skipSpace(_ input: Span<UInt8>) {
        while index < input.count {
            switch input[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    private mutating func word(
        _ input: Span<UInt8>,
        _ word: String,
        _ value: JSONValue
    ) throws(Failure) -> JSONValue {
        for byte in word.utf8 { try expect(input, byte, word) }
        return value
    }

    private mutating func number(_ input: Span<UInt8>) throws(Failure) -> JSONValue {
        let start = index
        if input[index] == UInt8(ascii: "-") { index += 1 }
        let firstDigit = index
        try digits(input)
        guard index == firstDigit + 1 || input[firstDigit] != UInt8(ascii: "0") else {
            throw Failure(reason: .badNumber, offset: start)
        }
        var isInteger = true
        if index < input.count, input[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits(input)
        }
        if index < input.count, input[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < input.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(input[index]) { index += 1 }
            try digits(input)
        }
        if isInteger, let value = Self.integer(input, start..<index) { return .integer(value) }
        return .decimal(try text(input, start..<index))
    }

    private mutating func digits(_ input: Span<UInt8>) throws(Failure) {
        let start = index
        while index < input.count, input[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        guard index > start else { throw failure(index < input.count ? .badNumber : .endOfText) }
    }

    /// Nil where it does not fit. Counts downwards, since there is one more negative number than positive ones.
    private static func integer(_ input: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        let isNegative = input[range.lowerBound] == UInt8(ascii: "-")
        var value: Int64 = 0
        for index in (range.lowerBound + (isNegative ? 1 : 0))..<range.upperBound {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, underflow) = shifted.subtractingReportingOverflow(Int64(input[index] &- UInt8(ascii: "0")))
            if overflow || underflow { return nil }
            value = next
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    private func failure(_ reason: JSONError.Reason) -> Failure { Failure(reason: reason, offset: index) }
}

extension JSONParser {
    /// With `index` at the opening quotation mark. Most strings have no escape and are copied in one piece.
    private mutating func string(_ input: Span<UInt8>) throws(Failure) -> String {
        let start = index + 1
        var end = start
        while end < input.count {
            let byte = input[end]
            if byte == UInt8(ascii: "\"") {
                index = end + 1
                return try text(input, start..<end)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            end += 1
        }
        index = end
        guard index < input.count else { throw failure(.endOfText) }
        guard input[index] == UInt8(ascii: "\\") else { throw failure(.controlCharacter(input[index])) }
        return try escapedString(input, from: start)
    }

    private mutating func escapedString(_ input: Span<UInt8>, from start: Int) throws(Failure) -> String {
        var text: [UInt8] = []
        for position in start..<index { text.append(input[position]) }
        while index < input.count {
            let byte = input[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw Failure(reason: .invalidUTF8, offset: start)
                }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: try escape(input))
            case 0..<0x20:
                throw failure(.controlCharacter(byte))
            default:
                text.append(byte)
                index += 1
            }
        }
        throw failure(.endOfText)
    }

    private mutating func escape(_ input: Span<UInt8>) throws(Failure) -> [UInt8] {
        guard index + 1 < input.count else { throw failure(.endOfText) }
        let letter = input[index + 1]
        if letter == UInt8(ascii: "u") { return [UInt8](String(Character(try escapedScalar(input))).utf8) }
        guard let byte = Self.shortEscape(letter) else { throw failure(.badEscape) }
        index += 2
        return [byte]
    }

    private static func shortEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// `\uXXXX`, or two of them that form a surrogate pair.
    private mutating func escapedScalar(_ input: Span<UInt8>) throws(Failure) -> Unicode.Scalar {
        let start = index
        let first = try hexUnit(input)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let loneSurrogate = Failure(reason: .loneSurrogate, offset: start)
        guard first < 0xDC00, index + 1 < input.count, input[index] == UInt8(ascii: "\\"),
            input[index + 1] == UInt8(ascii: "u")
        else { throw loneSurrogate }
        let second = try hexUnit(input)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw loneSurrogate }
        return scalar
    }

    private mutating func hexUnit(_ input: Span<UInt8>) throws(Failure) -> UInt32 {
        guard index + 6 <= input.count else { throw failure(.endOfText) }
        var unit: UInt32 = 0
        for position in (index + 2)..<(index + 6) {
            guard let digit = Character(Unicode.Scalar(input[position])).hexDigitValue else {
                throw failure(.badEscape)
            }
            unit = unit << 4 | UInt32(digit)
        }
        index += 6
        return unit
    }

    private func text(_ input: Span<UInt8>, _ range: Range<Int>) throws(Failure) -> String {
        do {
            return String(copying: try UTF8Span(validating: input.extracting(range)))
        } catch {
            throw Failure(reason: .invalidUTF8, offset: range.lowerBound)
        }
    }
}
