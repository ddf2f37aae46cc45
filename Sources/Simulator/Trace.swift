package import Consensus
package import Kernel
package import Replica

/// What happened, for the hash of the run and, of the newest part, for people.
package struct Trace: Sendable {
    package enum Event: Sendable {
        case input(ReplicaNode.Input)
        case started(process: UInt64)
        case crashed(Crash, keptWrites: Int, lostTransactions: Int)
        case stopped
        case role(String)
        case configuration(Configuration)
        /// What an operator knows of a machine.
        case member(String)
        case note(Note)
        case fault(Fault)
        case client(String)
        case decision(String, isAllowed: Bool)

        package var isInput: Bool { if case .input = self { true } else { false } }
    }

    package struct Line: Sendable {
        package let step: UInt64
        package let time: Instant
        /// Nil for what concerns no node in particular.
        package let node: Int?
        package let event: Event
    }

    package var hash = TraceHash()
    private var ring: [Line] = []
    private var next = 0
    private let capacity: Int

    package init(capacity: Int = 400) { self.capacity = capacity }

    package mutating func record(_ line: Line) {
        if ring.count < capacity { ring.append(line) } else { ring[next] = line }
        next = (next + 1) % capacity
    }

    /// The newest lines, oldest first.
    package var lines: [Line] { ring.count < capacity ? ring : Array(ring[next...] + ring[..<next]) }
}

extension Trace.Line: CustomStringConvertible {
    package var description: String {
        let name = node.map { "n\($0 + 1)" } ?? "--"
        return "\(Self.seconds(time)) step \(step) \(name) \(event)"
    }

    /// Seconds with six decimals.
    package static func seconds(_ time: Instant) -> String {
        let fraction = String(time.microseconds % 1_000_000)
        return "\(time.microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)s"
    }
}

extension Trace.Event: CustomStringConvertible {
    package var description: String {
        switch self {
        case .input(let input): input.summary
        case .started(let process): "process \(process) starts"
        case .crashed(let crash, let kept, let lost):
            "\(crash) crash: \(kept) pending log writes happened, \(lost) state transactions were lost"
        case .stopped: "stopped"
        case .role(let text), .client(let text), .member(let text), .decision(let text, _): text
        case .configuration(let configuration): "\(configuration)"
        case .note(let note):
            "note: \(note.message) \(note.fields.map { "\($0.name)=\($0.value)" }.joined(separator: " "))"
        case .fault(let fault): "fault: \(fault.summary)"
        }
    }
}
