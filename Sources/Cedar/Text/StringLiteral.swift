/// The inside of a string literal: its escapes, resolved and written.
enum StringLiteral {
    /// An escape that is none, as it was written.
    struct BadEscape: Error {
        let text: String
        /// In bytes, from the start of the inside.
        let offset: Int
    }

    /// Resolves `\n \r \t \\ \0 \' \" \xHH` (below 80) and `\u{…}` with one to six digits.
    static func unescape(_ inside: ArraySlice<UInt8>) throws(BadEscape) -> String {
        try segments(inside, isPattern: false).first ?? ""
    }

    /// The same with `\*` for a star; unescaped stars separate the segments. At least one segment, any may be empty.
    static func patternSegments(_ inside: ArraySlice<UInt8>) throws(BadEscape) -> [String] {
        try segments(inside, isPattern: true)
    }

    private static func segments(_ inside: ArraySlice<UInt8>, isPattern: Bool) throws(BadEscape) -> [String] {
        var segments: [String] = []
        var text: [UInt8] = []
        var index = inside.startIndex
        while index < inside.endIndex {
            let byte = inside[index]
            if byte == UInt8(ascii: "\\") {
                index = try escape(inside, at: index, isPattern: isPattern, into: &text)
            } else if byte == UInt8(ascii: "*"), isPattern {
                segments.append(String(decoding: text, as: UTF8.self))
                text = []
                index += 1
            } else if byte == 0x0D {
                // The reference refuses a bare carriage return, so texts with Windows line ends mean the same everywhere.
                throw BadEscape(text: "a carriage return, to be written \\r", offset: index - inside.startIndex)
            } else {
                text.append(byte)
                index += 1
            }
        }
        segments.append(String(decoding: text, as: UTF8.self))
        return segments
    }

    /// Appends what the escape stands for; returns where it ends.
    private static func escape(
        _ inside: ArraySlice<UInt8>,
        at start: Int,
        isPattern: Bool,
        into text: inout [UInt8]
    ) throws(BadEscape) -> Int {
        let letter = start + 1 < inside.endIndex ? inside[start + 1] : 0
        switch letter {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "0"): text.append(0)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(letter)
        case UInt8(ascii: "*") where isPattern: text.append(letter)
        case UInt8(ascii: "x"), UInt8(ascii: "u"):
            let end = letter == UInt8(ascii: "x") ? start + 4 : braceEnd(inside, from: start + 2)
            guard let end, end <= inside.endIndex, let scalar = scalar(inside[(start + 1)..<end]) else {
                throw bad(inside, from: start, through: end ?? start + 2)
            }
            text.append(contentsOf: String(Character(scalar)).utf8)
            return end
        default:
            throw bad(inside, from: start, through: start + 2)
        }
        return start + 2
    }

    private static func braceEnd(_ inside: ArraySlice<UInt8>, from start: Int) -> Int? {
        guard start < inside.endIndex, inside[start] == UInt8(ascii: "{") else { return nil }
        // Digits may be separated by underscores.
        return inside[start...].prefix(16).firstIndex(of: UInt8(ascii: "}")).map { $0 + 1 }
    }

    /// Of `xHH` or `u{H…}`.
    private static func scalar(_ escape: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let isByte = escape.first == UInt8(ascii: "x")
        var digits = isByte ? escape.dropFirst() : escape.dropFirst(2).dropLast()
        guard digits.first != UInt8(ascii: "_") else { return nil }
        if !isByte { digits = ArraySlice(digits.filter { $0 != UInt8(ascii: "_") }) }
        guard (1...6).contains(digits.count) else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(number)
        }
        return isByte && value > 0x7F ? nil : Unicode.Scalar(value)
    }

    private static func bad(_ inside: ArraySlice<UInt8>, from start: Int, through end: Int) -> BadEscape {
        var end = min(end, inside.endIndex)
        while end < inside.endIndex, inside[end] & 0xC0 == 0x80 { end += 1 }
        return BadEscape(
            text: String(decoding: inside[start..<end], as: UTF8.self),
            offset: start - inside.startIndex
        )
    }
}

extension String {
    /// As a string literal of the language, in quotation marks.
    package var cedarQuoted: String {
        var text = "\""
        for scalar in unicodeScalars { text += StringLiteral.escaped(scalar) }
        return text + "\""
    }
}

extension StringLiteral {
    /// Control characters and what would end or bend the literal; everything else stays readable.
    static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\0": "\\0"
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(Character(scalar))
            }
        }
    }
}
