import Directory
import JSON
import Kernel
import MutantWrappers
import Simulator
import Testing

@Suite("Bundles")
struct BundleTests {
    private let options = Self.failing

    /// Of the first seed that fails.
    private static let failing: WorldOptions = {
        (17...80 as ClosedRange<UInt64>).lazy.map(Self.options).first { options in
            var simulation = Simulation(options)
            return simulation.run().violation != nil
        } ?? options(17)
    }()

    private static func options(_ seed: UInt64) -> WorldOptions {
        Fixtures.options(
            seed: seed,
            scenario: Scenario(
                faults: [
                    TimedFault(at: Instant(microseconds: 1_000_000), .split([[.node(0), .leader], [.follower]])),
                    TimedFault(
                        at: Instant(microseconds: 2_000_000),
                        .network(NetworkQuality(lossPPM: 9, reorders: true))
                    ),
                    TimedFault(at: Instant(microseconds: 2_500_000), .healNetwork),
                    TimedFault(at: Instant(microseconds: 2_600_000), .rotLog(.node(2), entries: 3, sparing: 1)),
                ]
            ),
            intercept: Mutation.readsTheStart.intercept
        )
    }

    @Test("what is written is read again, and shows the same violation at the same step")
    func roundTrip() throws {
        let report = try report()
        var bundle = report.bundle
        #expect(report.traceHash == bundle.manifest.finding.traceHash)
        #expect(Set(bundle.choices.map(\.key.kind)).count > 10, "many kinds of choices are written")
        let read = try read(bundle)
        #expect(read.manifest == bundle.manifest)
        #expect(read.choices == bundle.choices)
        #expect(read.minimal == nil)
        var simulation = Simulation(read.options(options))
        let again = simulation.run()
        #expect(again.violation == bundle.manifest.finding.violation)
        #expect(again.steps == bundle.manifest.finding.step)
        #expect(again.traceHash == bundle.manifest.finding.traceHash)

        var minimiser = try #require(Minimiser(read.options(options)))
        minimiser.minimise { $0.attempts < 30 }
        bundle.replaceMinimal(by: minimiser.best, attempts: minimiser.attempts, isDone: minimiser.isDone)
        let smaller = try self.read(bundle)
        #expect(smaller.minimal == minimiser.best.choices)
        #expect(smaller.manifest == bundle.manifest)
        simulation = Simulation(smaller.options(options))
        #expect(simulation.run().traceHash == smaller.finding().traceHash)
        simulation = Simulation(smaller.options(options, all: true))
        #expect(simulation.run().traceHash == smaller.finding(all: true).traceHash)
    }

    @Test("it tells each node's story, the clients', and what the violating step changed")
    func stories() throws {
        let files = try report().files
        func text(_ name: String) -> String { files.first { $0.name == name }?.text ?? "" }
        for node in 1...3 {
            #expect(text("n\(node).log").contains(" n\(node) "))
            #expect(!text("n\(node).log").contains(" n\(node % 3 + 1) client"))
        }
        #expect(text("events.log").contains("fault: the network splits: n1, leader | follower"))
        let clients = text("clients.jsonl").split(separator: "\n")
        #expect(clients.count > Population().setup.count)
        #expect(clients.contains { $0.contains("linearizably") })
        let difference = try JSONValue.parse(text("difference.json"), limits: JSONLimits(maxBytes: 1 << 24))
        #expect(difference["isViolatedByStep"]?.boolValue == true)
        #expect(difference["changes"]?.arrayValue?.isEmpty == false)
    }

    @Test("a line may be taken out of the choices by hand")
    func edited() throws {
        let bundle = try report().bundle
        let text = ScheduleFile.text(bundle.choices)
        let lines = text.split(separator: "\n").enumerated().filter { $0.offset != 5 }.map(\.element)
        let read = try ScheduleFile.parse(lines.joined(separator: "\n"), "choices.jsonl")
        #expect(read.count == bundle.choices.count - 1)
    }

    @Test("every cut of a file is noticed, with its line")
    func truncated() throws {
        let bundle = try report().bundle
        let whole = ScheduleFile.text(Array(bundle.choices.prefix(12)))
        for count in 0..<whole.utf8.count - 1 {
            let flaw = self.flaw(ofSchedule: String(decoding: whole.utf8.prefix(count), as: UTF8.self))
            #expect(flaw?.reason == .truncated, "\(count) bytes: \(flaw.map { "\($0)" } ?? "read")")
            #expect(flaw?.place.hasPrefix("line ") == true)
        }
        let manifest = bundle.manifest.text
        for count in stride(from: 0, to: manifest.utf8.count - 2, by: 7) {
            let cut = String(decoding: manifest.utf8.prefix(count), as: UTF8.self)
            #expect(throws: BundleFlaw.self) { try Manifest(cut) }
        }
    }

    @Test(
        "bad schedules are refused with the place and the reason",
        arguments: [
            (#"{"format":"reeve schedule","version":2}"#, "line 1", "version 2"),
            (#"{"format":"choices","version":1}"#, "line 1", "'choices'"),
            (
                line(#""kind":"loss","node":"n1","peer":"n2","subject":"append","value":1,"nod":3"#), "line 2",
                "unknown field 'nod'"
            ),
            (line(#""kind":"lost","node":"n1""#), "line 2", "unknown 'lost'"),
            (line(#""kind":"loss","node":"n1","peer":"n99","value":1"#), "line 2", "unknown machine 'n99'"),
            (line(#""kind":"loss","node":"n1","peer":"n2","value":2"#), "line 2", "from 0 to 1"),
            (line(#""kind":"delay","node":"n1","peer":"n2","value":-1"#), "line 2", "from 0 to"),
            (line(#""kind":"delay","node":"n1","peer":"n2""#), "line 2", "'value' is missing"),
            (line(#""kind":"operation","node":"n1","pause":1,"act":"update","document":8"#), "line 2", "from 0 to 7"),
            (line(#""kind":"fault","fault":"explode""#), "line 2", "unknown 'explode'"),
            (line(#""kind":"fault","fault":"slowDisk","node":"n1","factor":0"#), "line 2", "from 1 to"),
            (
                line(#""kind":"timers","node":"n1","value":1"#) + "\n"
                    + #"{"time":4,"kind":"timers","node":"n1","value":2}"#,
                "line 3", "twice"
            ),
            (header + "\n[1]\n", "line 2", "an object"),
            (header + "\n{\"end\":true}\n{}\n", "line 3", "follows"),
        ]
    )
    func bad(text: String, place: String, reason: String) throws {
        let flaw = try #require(self.flaw(ofSchedule: text))
        #expect(flaw.place.hasPrefix(place), "\(flaw)")
        #expect(flaw.description.contains(reason), "\(flaw)")
    }

    @Test(
        "bad manifests are refused with the place and the reason",
        arguments: [
            (#""version": 1"#, #""version": 3"#, "version 3"),
            (#""build""#, #""built""#, "unknown field 'built'"),
            (#""nodes": 3"#, #""nodes": 16"#, "scenario, field nodes"),
            (#""at": 1000000"#, #""at": 1"#, ""),
            (#""at": 1000000"#, #""at": 99000000000"#, "past the end"),
            (#""invariant": "R3""#, #""invariant": "R9""#, "unknown 'R9'"),
            ("\"seed\": \"\(failing.seed)\"", #""seed": "x""#, "field seed"),
        ]
    )
    func badManifest(old: String, new: String, reason: String) throws {
        let text = try report().bundle.manifest.text
        #expect(text.contains(old))
        let changed = text.replacing(old, with: new)
        guard !reason.isEmpty else {
            #expect(throws: Never.self) { try Manifest(changed) }
            return
        }
        let flaw = #expect(throws: BundleFlaw.self) { try Manifest(changed) }
        #expect(flaw?.description.contains(reason) == true, "\(flaw.map { "\($0)" } ?? "")")
    }

    @Test("a run is held at a time or a step, and goes on as it would have")
    func held() throws {
        var options = options
        options.intercept = nil
        var whole = Simulation(options)
        let report = whole.run()
        var held = Simulation(options)
        try held.advance(to: Instant(microseconds: 4_000_000))
        #expect(held.world.now == Instant(microseconds: 4_000_000))
        let before = WorldState(held.world)
        try held.advance(throughStep: 3000)
        #expect(held.world.steps == 3000)
        let changes = before.changes(to: WorldState(held.world))
        #expect(changes.contains { $0.field == "lastOnDisk" && $0.machine == "n1" })
        #expect(before.changes(to: before).isEmpty)
        #expect(!held.isOver)
        try held.advance(to: Instant(microseconds: 26_000_000))
        let last = held.run()
        #expect(last.traceHash == report.traceHash)
        #expect(held.isOver)
    }

    private static let header = #"{"format":"reeve schedule","version":1}"#

    private static func line(_ fields: String) -> String { "\(header)\n{\"time\":5,\(fields)}" }

    private func flaw(ofSchedule text: String) -> BundleFlaw? {
        do throws(BundleFlaw) {
            _ = try ScheduleFile.parse(text, "choices.jsonl")
            return nil
        } catch {
            return error
        }
    }

    private func report() throws -> FailureReport {
        var simulation = Simulation(options)
        let report = simulation.run()
        let violation = try #require(report.violation, "the seed does not fail")
        let finding = Finding(violation, report)
        return try #require(FailureReport(options, finding: finding, build: "test", replay: "test"))
    }

    private func read(_ bundle: Bundle) throws -> Bundle {
        let files = bundle.files
        return try Bundle { name in files.first { $0.name == name }?.text }
    }
}
