import Foundation
import JSON
import Kernel
import Simulator

/// One run as a page by itself: a diagram of who sent what to whom, and of what each node was.
struct RunReport {
    let report: SeedReport
    let recording: Recording
    let nodeCount: Int
    let names: MemberNames
    /// The command that shows the same run again.
    let replay: String

    /// A whole HTML file that asks for nothing else.
    var html: [UInt8] {
        let page = PackageResources.report_html
        let mark = Array("DATA</script>".utf8)
        // The page is part of the program.
        guard let place = page.firstRange(of: mark) else { return page }
        return page[..<place.lowerBound] + data + page[(place.lowerBound + 4)...]
    }

    /// JSON in which nothing can end the element that it is in.
    private var data: [UInt8] {
        value.serialized().flatMap { $0 == UInt8(ascii: "<") ? Array(#"\u003c"#.utf8) : [$0] }
    }

    private var value: JSONValue {
        [
            "title": .string("\(report.scenario), seed \(report.seed)"),
            "verdict": .string(verdict),
            "violated": report.violation.map { .string($0.invariant.rawValue) } ?? .null,
            "facts": .string(facts),
            "replay": .string(replay),
            "end": number(end.microseconds),
            "forgotten": number(UInt64(recording.forgotten)),
            "nodes": .array((1...nodeCount).map { .string("n\($0)") }),
            "families": .array(MessageFamily.allCases.map { .string($0.rawValue) }),
            "messages": .array(recording.messages.map(row)),
            "states": .array(recording.states.map(row)),
            "events": .array(recording.events.map(row)),
        ]
    }

    private var end: Instant { Instant.zero.advanced(by: report.simulated) }

    private var verdict: String {
        guard let violation = report.violation else { return "passed" }
        return "\(violation.invariant.rawValue) violated: \(violation.message)"
    }

    private var facts: String {
        "\(nodeCount) machines, \(report.steps) steps in \(report.simulated.milliseconds) ms of simulated time, \(report.operations) operations,"
            + " \(report.acknowledged) writes acknowledged, \(report.committed) entries committed, \(report.elections) elections,"
            + " \(report.faults) faults, trace \(report.traceHash)."
    }

    // MARK: Rows, in the order in which the page reads them

    private func row(_ message: Recording.Sent) -> JSONValue {
        [
            number(message.from), number(message.to),
            number(MessageFamily.allCases.firstIndex(of: message.family) ?? 0),
            .string(names.naming(message.text)), number(message.time.microseconds),
            number(message.arrival?.microseconds),
            message.isReceived.map { $0 ? 1 : 0 } ?? -1,
        ]
    }

    private func row(_ state: Recording.NodeState) -> JSONValue {
        let content = state.content
        return [
            number(state.node), number(state.time.microseconds), content.isUp ? 1 : 0, .string(content.role),
            number(content.term), number(content.leader ?? -1), number(content.logEnd), number(content.committed),
            number(content.applied), content.isServing ? 1 : 0,
        ]
    }

    private func row(_ line: Trace.Line) -> JSONValue {
        [
            number(line.time.microseconds), number(line.node ?? -1), .string(line.event.kind),
            .string(names.naming("\(line.event)")),
        ]
    }

    private func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    /// -1 for nil.
    private func number(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64(clamping: $0)) } ?? -1 }
}

extension Trace.Event {
    /// A word by which the page finds what it draws.
    fileprivate var kind: String {
        switch self {
        case .input: "input"
        case .started: "start"
        case .crashed: "crash"
        case .stopped: "stop"
        case .role: "role"
        case .configuration: "configuration"
        case .member: "member"
        case .note: "note"
        case .fault: "fault"
        case .client: "client"
        case .decision(_, let isAllowed): isAllowed ? "allow" : "deny"
        }
    }
}
