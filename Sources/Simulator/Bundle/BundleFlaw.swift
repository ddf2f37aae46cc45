internal import JSON

/// Why a file of a bundle cannot be read, and where.
package struct BundleFlaw: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The file is not there.
        case missing
        /// It ends before its end: it was cut off.
        case truncated
        case malformed(String)
        case otherFormat(String)
        case otherVersion(Int64)
        case unknownField(String, known: [String])
        case missingField(String)
        case badValue(String)
    }

    package let file: String
    /// Line and column, or line and field; empty for the file as a whole.
    package let place: String
    package let reason: Reason

    package var description: String { "\(file)\(place.isEmpty ? "" : ", \(place)"): \(reason)" }
}

extension BundleFlaw.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing: "the file is missing"
        case .truncated: "the file ends too early"
        case .malformed(let text): text
        case .otherFormat(let format): "this is '\(format)', not a bundle of 'reeve sim'"
        case .otherVersion(let version):
            "the bundle has version \(version), this reeve reads version \(Bundle.version)"
        case .unknownField(let name, let known): "unknown field '\(name)'; known: \(known.joined(separator: ", "))"
        case .missingField(let name): "field '\(name)' is missing"
        case .badValue(let text): text
        }
    }
}

/// The members of one object of a bundle's file, all of them known, with the way to it for error messages.
struct BundleFields {
    private let file: String
    private let place: String
    private let value: JSONValue

    init(_ value: JSONValue, _ file: String, at place: String, known: [String]) throws(BundleFlaw) {
        self.value = value
        self.file = file
        self.place = place
        guard let members = value.objectValue else {
            throw flaw("", .badValue("expected an object, found \(value.kind)"))
        }
        for member in members where !known.contains(member.name) {
            throw flaw(member.name, .unknownField(member.name, known: known))
        }
    }

    /// Parses one text, which is a file or a line of it.
    static func parse(_ text: some StringProtocol, _ file: String, line: Int? = nil) throws(BundleFlaw) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse([UInt8](text.utf8), limits: JSONLimits(maxBytes: 16 << 20))
        } catch {
            let place = "line \(line ?? error.line), column \(error.column)"
            let reason: BundleFlaw.Reason =
                error.reason == .endOfText ? .truncated : .malformed(error.reason.description)
            throw BundleFlaw(file: file, place: place, reason: reason)
        }
    }

    func flaw(_ name: String, _ reason: BundleFlaw.Reason) -> BundleFlaw {
        BundleFlaw(file: file, place: path(name), reason: reason)
    }

    private func path(_ name: String) -> String {
        guard !name.isEmpty else { return place }
        return place.isEmpty ? "field \(name)" : "\(place), field \(name)"
    }

    func has(_ name: String) -> Bool { value[name].map { !$0.isNull } ?? false }

    func required(_ name: String) throws(BundleFlaw) -> JSONValue {
        guard let found = value[name], !found.isNull else { throw flaw("", .missingField(name)) }
        return found
    }

    func object(_ name: String, known: [String]) throws(BundleFlaw) -> BundleFields {
        try BundleFields(try required(name), file, at: path(name), known: known)
    }

    func objects(_ name: String, known: [String]) throws(BundleFlaw) -> [BundleFields] {
        let elements = try array(name)
        var fields: [BundleFields] = []
        for (number, element) in elements.enumerated() {
            fields.append(try BundleFields(element, file, at: path("\(name)[\(number)]"), known: known))
        }
        return fields
    }

    func array(_ name: String) throws(BundleFlaw) -> [JSONValue] {
        guard let elements = try required(name).arrayValue else { throw flaw(name, .badValue("expected a list")) }
        return elements
    }

    func text(_ name: String) throws(BundleFlaw) -> String {
        guard let text = try required(name).stringValue else { throw flaw(name, .badValue("expected a text")) }
        return text
    }

    func flag(_ name: String) throws(BundleFlaw) -> Bool {
        guard let flag = try required(name).boolValue else { throw flaw(name, .badValue("expected true or false")) }
        return flag
    }

    func number(_ name: String, in range: ClosedRange<Int64>) throws(BundleFlaw) -> Int64 {
        guard let number = try required(name).integerValue, range.contains(number) else {
            throw flaw(name, .badValue("expected a number from \(range.lowerBound) to \(range.upperBound)"))
        }
        return number
    }

    func count(_ name: String, in range: ClosedRange<Int>) throws(BundleFlaw) -> Int {
        Int(try number(name, in: Int64(range.lowerBound)...Int64(range.upperBound)))
    }

    /// One of the cases by its name.
    func choice<Case: CaseIterable>(_ name: String, of type: Case.Type) throws(BundleFlaw) -> Case {
        let text = try text(name)
        guard let found = Case.allCases.first(where: { "\($0)" == text }) else {
            let known = Case.allCases.map { "\($0)" }.joined(separator: ", ")
            throw flaw(name, .badValue("unknown '\(text)'; known: \(known)"))
        }
        return found
    }
}
