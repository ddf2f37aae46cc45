import ArgumentParser
import Cedar
import Foundation
import JSON

/// Evaluates recorded requests in one thread, without a network: what a decision costs by itself.
struct DecisionsBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions",
        abstract: "Time decisions over a folder of policies, entities and requests.",
        discussion: """
            DIR holds policies.cedar, entities.json (Cedar's form) and requests.jsonl: one object a line with principal, \
            action, resource and context. When DIR/../expected.tsv names the folder, the number of allows is checked \
            against it; a difference is exit status 1. Every decision is made anew; none is cached. The compiled form \
            that nodes decide by is timed beside the tree-walking evaluator that says what it means. To read the clock \
            takes time too: the median of that is taken off each decision, and shown.
            """
    )

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"))
    var directory: String
    @Option(help: "How often all requests are evaluated; the first time is not counted.")
    var rounds = 5
    @Flag(help: "Leave out the tree-walking evaluator.")
    var compiledOnly = false
    @Flag(help: "Leave out requests that are denied, or for which a policy could not be evaluated.")
    var allowedOnly = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (2...1000).contains(rounds) else { throw ValidationError("--rounds must be from 2 to 1000.") }
    }

    func run() throws {
        var workload = try Workload(directory)
        if allowedOnly {
            workload.keepAllowed()
            guard !workload.requests.isEmpty else { throw CommandError("no request is allowed", at: directory) }
        }
        let compiled = CompiledPolicySet(workload.policies)
        var evaluator = CompiledEvaluator(workload.requests[0], entities: workload.entities)
        let clock = measure(workload, overhead: .zero) { _ in .deny }.nanoseconds(percentile: 50)
        let overhead = Duration.nanoseconds(clock)
        let fast = measure(workload, overhead: overhead) { request in
            evaluator.begin(request)
            return evaluator.decide(by: compiled)
        }
        var found = [(evaluator: "compiled", found: fast)]
        if !compiledOnly {
            let plain = measure(workload, overhead: overhead) { request in
                authorize(request, policies: workload.policies, entities: workload.entities).decision
            }
            found.append(("tree-walking", plain))
        }
        report(workload, clock, found)
        let expected = workload.expectedAllows ?? fast.allowed
        if found.contains(where: { $0.found.allowed != expected }) { throw ExitCode(1) }
    }

    fileprivate struct Measurement {
        /// Of one round.
        var allowed = 0
        private var sorted: [Duration] = []

        /// Kept as they come: more work between two decisions would take their place in the processor's caches.
        mutating func take(_ elapsed: [Duration]) { sorted = elapsed.sorted() }

        func nanoseconds(percentile: Int) -> Int64 {
            Int64(sorted[(sorted.count - 1) * percentile / 100] / .nanoseconds(1))
        }
    }

    /// The overhead is taken off each.
    private func measure(_ workload: Workload, overhead: Duration, _ decide: (Request) -> Decision) -> Measurement {
        var measurement = Measurement()
        let clock = ContinuousClock()
        var elapsed: [Duration] = []
        elapsed.reserveCapacity(workload.requests.count * rounds)
        for round in 0..<rounds {
            measurement.allowed = 0
            for request in workload.requests {
                var decision = Decision.deny
                let time = clock.measure { decision = decide(request) }
                if decision == .allow { measurement.allowed += 1 }
                if round > 0 { elapsed.append(max(.zero, time - overhead)) }
            }
        }
        measurement.take(elapsed)
        return measurement
    }

    private func report(
        _ workload: Workload,
        _ clock: Int64,
        _ measurements: [(evaluator: String, found: Measurement)]
    ) {
        if json {
            var members = [
                JSONMember(name: "policies", value: .integer(Int64(workload.policies.policies.count))),
                JSONMember(name: "requests", value: .integer(Int64(workload.requests.count))),
            ]
            if let expected = workload.expectedAllows {
                members.append(JSONMember(name: "expectedAllowed", value: .integer(Int64(expected))))
            }
            members.append(JSONMember(name: "clockNanoseconds", value: .integer(clock)))
            members += measurements.map { JSONMember(name: $0.evaluator, value: $0.found.json) }
            Console.json(.object(members))
        } else {
            var table = Table("evaluator", "policies", "requests", "allowed", "expected", "median ns", "p99 ns")
            for (evaluator, found) in measurements {
                table.add(cells: [
                    evaluator, "\(workload.policies.policies.count)", "\(workload.requests.count)", "\(found.allowed)",
                    workload.expectedAllows.map(String.init) ?? "not known",
                    "\(found.nanoseconds(percentile: 50))", "\(found.nanoseconds(percentile: 99))",
                ])
            }
            Console.print(table.text + "clock: \(clock) ns, taken off\n")
        }
    }
}

extension DecisionsBench.Measurement {
    fileprivate var json: JSONValue {
        .object([
            JSONMember(name: "allowed", value: .integer(Int64(allowed))),
            JSONMember(name: "medianNanoseconds", value: .integer(nanoseconds(percentile: 50))),
            JSONMember(name: "p99Nanoseconds", value: .integer(nanoseconds(percentile: 99))),
        ])
    }
}

/// What the folder holds, read and checked before the clock starts.
private struct Workload {
    let policies: PolicySet
    let entities: EntityStore
    private(set) var requests: [Request]
    private(set) var expectedAllows: Int?

    init(_ directory: String) throws {
        let folder = URL(filePath: directory)
        let policyFile = folder.appending(path: "policies.cedar").path()
        let entityFile = folder.appending(path: "entities.json").path()
        do {
            let text = String(decoding: try Self.read(policyFile), as: UTF8.self)
            policies = try PolicySet.parse(text, limits: Self.syntax)
        } catch let error as CedarSyntaxError {
            throw CommandError("\(error)", at: policyFile)
        }
        do {
            entities = try EntityStore(EntityJSON.parseEntities(Self.read(entityFile)))
        } catch let error as CedarJSONError {
            throw CommandError("\(error)", at: entityFile)
        } catch let error as EntityStoreError {
            throw CommandError("\(error)", at: entityFile)
        }
        requests = try Self.requests(folder.appending(path: "requests.jsonl").path())
        expectedAllows = Self.expected(folder)
    }

    /// Those that are allowed without an error.
    mutating func keepAllowed() {
        requests.removeAll { request in
            let response = authorize(request, policies: policies, entities: entities)
            return response.decision == .deny || !response.errors.isEmpty
        }
        expectedAllows = requests.count
    }

    /// A benchmark's policies are the operator's own, so only memory bounds them.
    private static var syntax: SyntaxLimits {
        var limits = SyntaxLimits.standard
        limits.maxBytes = 64 << 20
        limits.maxPolicies = 1_000_000
        return limits
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        return Array(data)
    }

    private static func requests(_ path: String) throws -> [Request] {
        let lines = try read(path).split(separator: UInt8(ascii: "\n"))
        guard !lines.isEmpty else { throw CommandError("holds no request", at: path) }
        return try lines.enumerated().map { number, line in
            do {
                let value = try JSONValue.parse(Array(line))
                func uid(_ name: String) throws -> EntityUID { try EntityJSON.parseUID(value[name] ?? .null) }
                return Request(
                    principal: try uid("principal"),
                    action: try uid("action"),
                    resource: try uid("resource"),
                    context: try EntityJSON.parseRecord(value["context"] ?? .object([]))
                )
            } catch {
                throw CommandError("\(error)", at: "\(path):\(number + 1)")
            }
        }
    }

    private static func expected(_ folder: URL) -> Int? {
        let table = folder.deletingLastPathComponent().appending(path: "expected.tsv")
        guard let text = try? String(contentsOf: table, encoding: .utf8) else { return nil }
        let row = text.split(separator: "\n").map { $0.split(separator: "\t") }
            .first { $0.first.map(String.init) == folder.lastPathComponent }
        return row.flatMap { $0.count > 1 ? Int($0[1]) : nil }
    }
}
