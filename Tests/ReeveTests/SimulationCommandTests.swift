import ArgumentParser
import Foundation
import Kernel
import Testing

@testable import reeve

@Suite("Simulation commands")
struct SimulationCommandTests {
    @Test("a crash ends the process with an exit code of its own, and says what was under way")
    func crash() async {
        let result = await #expect(processExitsWith: .exitCode(12), observing: [\.standardErrorContent]) {
            CrashNotice.watch()
            CrashNotice.during(6, "seed 6 CRASHED") {}
            CrashNotice.during(7, "seed 7 CRASHED") { fatalError("commit index 9 is past last log index 7") }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("seed 7 CRASHED"))
        #expect(!text.contains("seed 6"))
        #expect(text.contains("past last log index"))
    }

    @Test("the graver class decides the exit code")
    func classes() {
        #expect(SimulationExit.worse(.success, SimulationExit.liveness) == SimulationExit.liveness)
        #expect(SimulationExit.worse(SimulationExit.liveness, SimulationExit.safety) == SimulationExit.safety)
        #expect(SimulationExit.worse(SimulationExit.nonDeterminism, SimulationExit.safety) == ExitCode(13))
        #expect(SimulationExit.worse(.success, .success) == .success)
    }

    @Test(
        "simulated times",
        arguments: [("1.203s", 1_203_000), ("1203ms", 1_203_000), ("0.5ms", 500), ("7us", 7)] as [(String, UInt64)]
    )
    func times(text: String, microseconds: UInt64) {
        #expect(SimulatedTime(argument: text)?.instant.microseconds == microseconds)
    }

    @Test(
        "what is no simulated time",
        arguments: ["", "s", "1", "1.2.3s", "-1s", "1.5us", ".5s", "99999999999999999999s", "1.1234567s"]
    )
    func noTimes(text: String) { #expect(SimulatedTime(argument: text) == nil) }

    @Test("times out of order, and two questions at once, are wrong use")
    func wrongUse() {
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["x", "--diff", "2s", "1s"]) }
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["x", "--diff", "2s"]) }
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["x", "--at", "2s", "--until", "R1"]) }
        #expect(throws: (any Error).self) { try ReplayCommand.parse(["x", "--until", "R9"]) }
        #expect(throws: Never.self) { try ReplayCommand.parse(["x", "--diff", "1s", "2s"]) }
        #expect(throws: (any Error).self) { try MinimiseCommand.parse(["x", "--seconds", "0"]) }
    }

    @Test("a second process whose trace of a seed is another, or is not there, is told of")
    func traces() throws {
        var first = SeedTraces()
        for seed in 1...3 as ClosedRange<UInt64> { first.ran(seed, "a\(seed)") }
        var second = SeedTraces()
        second.read(#"{"seed":1,"traceHash":"a1","verdict":"passed"}"#)
        second.read(#"{"seed":2,"traceHash":"b2","verdict":"passed"}"#)
        second.read(#"{"totals":{"seeds":2}}"#)
        let others = first.others(than: second)
        #expect(others.count == 2)
        #expect(others.first?.contains("seed 2") == true && others.last?.contains("seed 3") == true)
        second.ran(2, "a2")
        second.ran(3, "a3")
        #expect(first.others(than: second).isEmpty)
        #expect(throws: (any Error).self) { try SimulateCommand.parse(["--twice", "--journal", "x"]) }
        #expect(throws: (any Error).self) { try SimulateCommand.parse(["--minimise-seconds", "0"]) }
    }

    @Test("the commit of a build is the one that was checked out when it was linked")
    func commit() {
        let (one, two) = (String(repeating: "1", count: 40), String(repeating: "2", count: 40))
        let log = """
            \(String(repeating: "0", count: 40)) \(one) A Name <a@b> 1000 +0000\tclone: from x
            \(one) \(two) A Name <a@b> 2000 +0100\tcommit: y 3000 +0000
            """
        #expect(BuildIdentity.commit(at: 999, in: log) == nil)
        #expect(BuildIdentity.commit(at: 1999, in: log) == String(one.prefix(12)))
        #expect(BuildIdentity.commit(at: 2000.5, in: log) == String(two.prefix(12)))
        #expect(BuildIdentity.commit(at: 1, in: "no log") == nil)
    }
}
