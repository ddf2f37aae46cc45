internal import JSON
internal import Kernel

/// Values of a world as fields of a bundle's file.
extension BundleFields {
    /// In microseconds; ten years at most.
    private static let longest: Int64 = 315_360_000_000_000

    func span(_ name: String) throws(BundleFlaw) -> Span {
        Span(microseconds: UInt64(try number(name, in: 0...Self.longest)))
    }

    func instant(_ name: String) throws(BundleFlaw) -> Instant {
        Instant(microseconds: UInt64(try number(name, in: 0...Self.longest)))
    }

    /// A machine by its name: `n1`.
    func machine(_ name: String) throws(BundleFlaw) -> Int {
        let text = try text(name)
        guard let number = Self.machine(named: text) else { throw flaw(name, .badValue("unknown machine '\(text)'")) }
        return number
    }

    func machines(_ name: String) throws(BundleFlaw) -> [Int] {
        var machines: [Int] = []
        for value in try array(name) {
            guard let machine = value.stringValue.flatMap(Self.machine(named:)) else {
                throw flaw(name, .badValue("expected n1 and so on, found \(value)"))
            }
            machines.append(machine)
        }
        return machines
    }

    func selector(_ name: String) throws(BundleFlaw) -> NodeSelector {
        guard let selector = Self.selector(try required(name)) else {
            throw flaw(name, .badValue("expected leader, follower or n1 and so on"))
        }
        return selector
    }

    static func selector(_ value: JSONValue) -> NodeSelector? {
        switch value.stringValue {
        case "leader": .leader
        case "follower": .follower
        default: value.stringValue.flatMap(machine(named:)).map { .node($0) }
        }
    }

    private static func machine(named text: String) -> Int? {
        guard text.hasPrefix("n"), let number = Int(text.dropFirst()), (1...Scenario.machineLimit).contains(number),
            text == "n\(number)"
        else { return nil }
        return number - 1
    }
}

extension JSONValue {
    static func count(_ number: Int) -> JSONValue { .integer(Int64(number)) }
    static func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }
    static func span(_ span: Span) -> JSONValue { .count(span.microseconds) }
    static func instant(_ time: Instant) -> JSONValue { .count(time.microseconds) }
    static func machine(_ node: Int) -> JSONValue { .string("n\(node + 1)") }
    static func selector(_ selector: NodeSelector) -> JSONValue { .string(selector.name) }
}

extension Crash: CaseIterable {
    package static let allCases: [Crash] = [.process, .power]
}
