import Kernel
import Simulator
import Yams

/// A YAML mapping whose keys are all known, each once.
struct ScenarioFields {
    private let node: Node
    private let fields: [(key: String, value: Node)]

    init(_ node: Node, known: [String]) throws {
        guard case .mapping(let mapping) = node else {
            throw ScenarioFile.Flaw(node, "expected fields among \(known.joined(separator: ", "))")
        }
        var fields: [(key: String, value: Node)] = []
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                throw ScenarioFile.Flaw(key, "unknown field '\(name)'; known: \(known.joined(separator: ", "))")
            }
            guard !fields.contains(where: { $0.key == name }) else {
                throw ScenarioFile.Flaw(key, "field '\(name)' occurs twice")
            }
            fields.append((name, value))
        }
        self.node = node
        self.fields = fields
    }

    subscript(_ key: String) -> Node? { fields.first { $0.key == key }?.value }

    func required(_ key: String) throws -> Node {
        guard let value = self[key] else { throw ScenarioFile.Flaw(node, "field '\(key)' is missing") }
        return value
    }

    /// The one field that there is, apart from the ones named.
    func only(besides others: [String] = []) throws -> (key: String, value: Node) {
        let rest = fields.filter { !others.contains($0.key) }
        guard rest.count == 1 else { throw ScenarioFile.Flaw(node, "expected exactly one field, found \(rest.count)") }
        return rest[0]
    }
}

extension Node {
    func text() throws -> String {
        guard let scalar, !scalar.string.isEmpty else { throw ScenarioFile.Flaw(self, "expected a text") }
        return scalar.string
    }

    func number(in range: ClosedRange<UInt64>) throws -> UInt64 {
        guard let number = (scalar?.string).flatMap({ UInt64($0) }), range.contains(number) else {
            throw ScenarioFile.Flaw(self, "expected a number in \(range)")
        }
        return number
    }

    /// What lies there below this one, as far as there is something.
    func at(_ path: [FaultFlaw.Step]) -> Node {
        path.reduce(self) { node, step in
            switch step {
            case .field(let name): node.mapping?.first { $0.key.scalar?.string == name }?.value ?? node
            case .item(let place): node.sequence.flatMap { $0.indices.contains(place) ? $0[place] : nil } ?? node
            }
        }
    }

    func flag() throws -> Bool {
        switch scalar?.string {
        case "true": true
        case "false": false
        default: throw ScenarioFile.Flaw(self, "expected true or false")
        }
    }

    func require(_ value: Bool) throws {
        guard try flag() == value else { throw ScenarioFile.Flaw(self, "only \(value) means anything here") }
    }

    func items() throws -> [Node] {
        guard case .sequence(let sequence) = self else { throw ScenarioFile.Flaw(self, "expected a list") }
        return Array(sequence)
    }

    /// A whole number and a unit: `us`, `ms`, `s`, `m`, `h` or `d`.
    func span() throws -> Span {
        let units: [(String, UInt64)] = [
            ("us", 1), ("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
        ]
        let text = scalar?.string ?? ""
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = UInt64(digits), let unit = units.first(where: { $0.0 == text.dropFirst(digits.count) }) else {
            throw ScenarioFile.Flaw(self, "expected a length of time such as 500ms, 8s or 365d")
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.1)
        guard !overflow, product <= 100 * 365 * 86_400_000_000 else {
            throw ScenarioFile.Flaw(self, "longer than a hundred years")
        }
        return Span(microseconds: product)
    }

    /// A span with an optional minus before it, in milliseconds.
    func signedMilliseconds() throws -> Int64 {
        guard let text = scalar?.string, text.hasPrefix("-") else { return Int64(try span().milliseconds) }
        let rest = Node(String(text.dropFirst()), Tag(.implicit), .any)
        do {
            return -Int64(try rest.span().milliseconds)
        } catch {
            throw ScenarioFile.Flaw(self, "expected a length of time such as -2h or 365d")
        }
    }

    /// A fraction from 0 to 1, as parts per million.
    func partsPerMillion() throws -> UInt64 {
        guard let fraction = (scalar?.string).flatMap({ Double($0) }), (0...1).contains(fraction) else {
            throw ScenarioFile.Flaw(self, "expected a fraction from 0 to 1")
        }
        return UInt64(fraction * 1_000_000)
    }
}
