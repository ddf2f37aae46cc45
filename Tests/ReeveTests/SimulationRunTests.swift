import ArgumentParser
import Foundation
import JSON
import Kernel
import Simulator
import Testing
import Wire

@testable import reeve

@Suite("Runs over many seeds")
struct SimulationRunTests {
    private static func path(_ name: String) -> String {
        FileManager.default.temporaryDirectory.appending(path: "reeve-\(UUID())-\(name)").path()
    }

    private static func words(_ journal: String) -> [String] {
        ["--seed", "1..6", "--seconds", "5", "--jobs", "1", "--json", "--journal", journal]
    }

    private static func lines(_ path: String) throws -> [Substring] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    }

    /// As a process of its own, since standard output and the handlers of signals are a process's.
    private static func run(_ words: [String]) async throws -> Never {
        do {
            let command = try SimulateCommand.parse(words)
            try await command.run()
            exit(0)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
            Console.progress("\(error)")
            exit(1)
        }
    }

    @Test("Ctrl-C ends a run with exit code 130 and leaves a journal, and the same command goes on from there")
    func interrupted() async throws {
        let journal = Self.path("night.jsonl")
        defer { try? FileManager.default.removeItem(atPath: journal) }
        await #expect(processExitsWith: .exitCode(130)) { [journal = journal as String] in
            Interrupt.watch()
            // To the process, as a terminal does it: threads of the pool take no signals.
            kill(getpid(), SIGINT)
            while !Interrupt.hasCome { await Task.yield() }
            try await SimulationRunTests.run(SimulationRunTests.words(journal))
        }
        let first = try Self.lines(journal)
        #expect(first.count == 2, "the header, and the seed that was under way")
        let rest = await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
            [journal = journal as String] in
            try await SimulationRunTests.run(SimulationRunTests.words(journal))
        }
        let printed = String(decoding: rest?.standardOutputContent ?? [], as: UTF8.self)
        let seeds = printed.split(separator: "\n").filter { $0.contains("\"verdict\":\"passed\"") }
        #expect(seeds.count == 5, "seed 1 is not run again")
        #expect(printed.contains("\"totals\":{\"seeds\":6,\"passed\":6,"))
        let all = try Self.lines(journal)
        #expect(all.count == 7)
        #expect(Array(all.prefix(2)) == first)

        let whole = Self.path("whole.jsonl")
        defer { try? FileManager.default.removeItem(atPath: whole) }
        await #expect(processExitsWith: .exitCode(0)) { [whole = whole as String] in
            try await SimulationRunTests.run(SimulationRunTests.words(whole))
        }
        #expect(try Self.lines(whole) == all, "a run in one piece writes the same")
    }

    @Test("a journal of other options ends the run with an error before anything is run")
    func otherOptions() async throws {
        let journal = Self.path("other.jsonl")
        defer { try? FileManager.default.removeItem(atPath: journal) }
        await #expect(processExitsWith: .exitCode(0)) { [journal = journal as String] in
            try await SimulationRunTests.run(["--seed", "1..2", "--seconds", "5", "--journal", journal])
        }
        let before = try Self.lines(journal)
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            [journal = journal as String] in
            try await SimulationRunTests.run(["--seed", "1..2", "--seconds", "6", "--journal", journal])
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let flaw = "line 1, field scenario, field duration: the journal is of a run with 5000000, not 6000000"
        #expect(text.contains(flaw))
        #expect(try Self.lines(journal) == before)
    }

    @Test("what was cut off is overwritten, and a second process is kept out")
    func file() throws {
        let path = Self.path("cut.jsonl")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let subject = JournalSubject(build: "b", scenario: Scenario(), first: 1, last: 5)
        try Data((subject.header + "{\"seed\":\"1\",\"tra").utf8).write(to: URL(filePath: path))
        let file = try JournalFile(path, of: subject)
        #expect(file.entries.isEmpty)
        #expect(throws: CommandError.self) { try JournalFile(path, of: subject) }
        var simulation = Simulation(
            WorldOptions(seed: 1, scenario: Scenario(duration: .seconds(5)), codec: ProtobufCodec())
        )
        let entry = JournalEntry(simulation.run(), beyond: Coverage())
        try file.append(entry)
        #expect(try Self.lines(path) == [Substring(subject.header.dropLast()), Substring("\(entry.json)")])
    }

    @Test("a profile says how much, and what else is given wins over it")
    func profiles() throws {
        let plain = try SimulateCommand.parse(["--profile", "brutal"])
        #expect(try plain.world.loadScenario() == SimulationProfile.brutal.scenario)
        let changed = try SimulateCommand.parse([
            "--profile", "brutal", "--nodes", "7", "--seconds", "9", "--rate", "3", "--faults", "50", "--seed", "4",
        ])
        let scenario = try changed.world.loadScenario()
        let expected = Scenario(nodeCount: 7, duration: .seconds(9), operationsPerSecond: 3, faultIntensity: 50)
        #expect(scenario == expected)
        #expect(changed.seed?.description == "4")
        let again = try SimulateCommand.parse(changed.world.words.split(separator: " ").map(String.init))
        #expect(try again.world.loadScenario() == expected, "the command that replays it says all of it")
        #expect(throws: (any Error).self) { try SimulateCommand.parse(["--profile", "gentle"]) }
        let sparse = try SimulateCommand.parse(["--faults", "5"])
        #expect(throws: CommandError.self) { try sparse.world.loadScenario() }
    }

    @Test("learners are said in a scenario file or on the command line, and too many are refused with their place")
    func learners() throws {
        let text = "name: many\nnodes: 3\nlearners: 10\nfaults:\n  - at: 2s\n    isolate: n13\n"
        let scenario = try ScenarioFile.parse(text)
        #expect(scenario.learnerCount == 10)
        #expect(scenario.flaw == nil)
        let flaw = #expect(throws: ScenarioFile.Flaw.self) {
            try ScenarioFile.parse("name: many\nnodes: 7\nlearners: 58\n")
        }
        #expect(flaw?.line == 3)
        #expect(flaw?.column == 11)
        #expect(flaw?.message.contains("57") == true, "\(flaw?.message ?? "no flaw")")
        #expect(throws: ScenarioFile.Flaw.self, "there is no n14") {
            try ScenarioFile.parse(text.replacing("n13", with: "n14"))
        }
        let command = try SimulateCommand.parse(["--nodes", "7", "--learners", "50"])
        #expect(try command.world.loadScenario() == Scenario(nodeCount: 7, learnerCount: 50))
        #expect(command.world.words.contains("--learners 50"))
        let crowded = try SimulateCommand.parse(["--nodes", "15", "--learners", "50"])
        #expect(throws: CommandError.self) { try crowded.world.loadScenario() }
    }

    @Test("every profile can be run, and the help says what each is")
    func help() {
        let text = SimulateCommand.helpMessage(columns: 1000)
        for profile in SimulationProfile.allCases {
            #expect(profile.scenario.flaw == nil)
            #expect(text.contains("\(profile.rawValue): \(profile.summary)"))
        }
    }

    @Test("coverage as tables and as JSON")
    func coverage() throws {
        var reached = Coverage()
        reached.insert(Coverage.Tuple(.leader, .appendAccepted, .crash))
        let possible = Coverage.possible(in: Scenario(drawsFaults: false))
        let file = CoverageFile(reached: reached, possible: possible)
        #expect(file.text.hasPrefix("coverage: 1 of \(possible.count) tuples"))
        let rows = file.text.split(separator: "\n").filter { $0.hasPrefix("appendAccepted") }
        #expect(rows.count == Coverage.Role.allCases.count)
        #expect(rows.count { $0.contains("x") } == 1)
        let tuples = try #require(file.json["tuples"]?.arrayValue)
        #expect(tuples.count == possible.count)
        let found = tuples.filter { $0["reached"]?.boolValue == true }
        #expect(found.map { $0["role"]?.stringValue } == ["leader"])
        #expect(found.map { $0["fault"]?.stringValue } == ["crash"])
        let wrong = CoverageFile.summary(reached, of: Coverage())
        #expect(wrong.contains("said to be impossible: leader appendAccepted crash"))
    }
}
