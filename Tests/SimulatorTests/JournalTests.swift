import JSON
import Kernel
import MutantWrappers
import Simulator
import Testing

@Suite("Journal of a run over many seeds")
struct JournalTests {
    private static let scenario = Scenario(duration: .seconds(5))
    private static let subject = JournalSubject(build: "reeve 1.2.3", scenario: scenario, first: 7, last: 9)
    private static let reports = (UInt64(7)...9).map { Fixtures.report(seed: $0, scenario: scenario) }

    private var entries: [JournalEntry] {
        var reached = Coverage()
        return Self.reports.map { report in
            defer { reached.formUnion(report.coverage) }
            return JournalEntry(report, beyond: reached)
        }
    }

    private func text(_ entries: [JournalEntry]) -> String {
        Self.subject.header + entries.map { "\($0.json)\n" }.joined()
    }

    private func read(_ text: String, of subject: JournalSubject = subject) throws(BundleFlaw) -> Journal {
        try Journal(Array(text.utf8), "night.jsonl", of: subject)
    }

    @Test("what is written is read back, and comes to the same totals")
    func roundTrip() throws {
        let text = text(entries)
        let journal = try read(text)
        #expect(journal.entries == entries)
        #expect(journal.byteCount == text.utf8.count)
        var totals = RunTotals(possible: .possible(in: Self.scenario))
        for entry in journal.entries { totals.add(entry) }
        #expect(totals.seeds == 3)
        #expect(totals.steps == Self.reports.map(\.steps).reduce(0, +))
        #expect(totals.acknowledged == Self.reports.map(\.acknowledged).reduce(0, +))
        #expect(totals.coverage == Self.reports.map(\.coverage).reduce(into: Coverage()) { $0.formUnion($1) })
        #expect(totals.failures.isEmpty)
        #expect(entries[2].newTuples.count < entries[0].newTuples.count)
    }

    @Test("a seed that failed is read back with what it violated")
    func failures() throws {
        let reports = (UInt64(1)...30).lazy.map {
            Fixtures.report(seed: $0, intercept: Mutation.sendsBeforeDurable.intercept)
        }
        let report = try #require(reports.first { $0.violation != nil })
        let subject = JournalSubject(
            build: "reeve 1.2.3",
            scenario: Scenario(),
            first: report.seed,
            last: report.seed
        )
        let entry = JournalEntry(report, beyond: Coverage())
        let journal = try read(subject.header + "\(entry.json)\n", of: subject)
        #expect(journal.entries.map(\.violation) == [report.violation])
        var totals = RunTotals(possible: .possible(in: Scenario()))
        for entry in journal.entries { totals.add(entry) }
        #expect(totals.failures.map(\.violation) == [report.violation])
    }

    @Test("wherever the end is cut off, the whole lines before it count")
    func cutOff() throws {
        let whole = text(entries)
        let bytes = Array(whole.utf8)
        let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        for count in stride(from: 0, through: bytes.count, by: 7) {
            let journal = try Journal(Array(bytes[..<count]), "night.jsonl", of: Self.subject)
            let lines = ends.count { $0 <= count }
            #expect(journal.entries == Array(entries.prefix(max(0, lines - 1))), "cut at \(count)")
            #expect(journal.byteCount == ends.last { $0 <= count } ?? 0)
        }
    }

    private func flaw(_ text: String, of subject: JournalSubject = subject) -> String {
        do throws(BundleFlaw) {
            _ = try read(text, of: subject)
            return "none"
        } catch { return "\(error)" }
    }

    @Test("another build, other seeds and another scenario are refused, and it says what differs")
    func others() {
        let text = text(entries)
        func subject(_ build: String = "reeve 1.2.3", _ change: (inout Scenario) -> Void = { _ in }, last: UInt64 = 9)
            -> JournalSubject
        {
            var scenario = Self.scenario
            change(&scenario)
            return JournalSubject(build: build, scenario: scenario, first: 7, last: last)
        }
        let place = "night.jsonl, line 1, field"
        #expect(flaw(text, of: subject()) == "none")
        #expect(
            flaw(text, of: subject("reeve 1.2.4"))
                == "\(place) build: the journal is of 'reeve 1.2.3', not 'reeve 1.2.4'"
        )
        #expect(flaw(text, of: subject(last: 10)) == "\(place) first: the journal is of seeds 7..9, not 7..10")
        #expect(
            flaw(text, of: subject { $0.nodeCount = 5 })
                == "\(place) scenario, field nodes: the journal is of a run with 3, not 5"
        )
        #expect(flaw(text, of: subject { $0.faultIntensity = 200 }).contains("faultIntensity"))
        #expect(
            flaw(text, of: subject { $0.faults = [TimedFault(at: .zero, .healNetwork)] }).contains("field faults")
        )
    }

    @Test("what is no journal is refused rather than overwritten, and damage has its line")
    func damage() {
        let lines = text(entries).split(separator: "\n").map { "\($0)\n" }
        #expect(flaw("something else").contains("line 1: this is not a journal"))
        #expect(flaw("{\"format\": \"reeve schedule\"}\n").contains("line 1: this is not a journal"))
        #expect(flaw(lines[0] + lines[2]).contains("line 2, field seed: expected 7, found 8"))
        #expect(flaw(lines[0] + lines[1] + "{\"seed\": \n" + lines[3]).contains("line 3, column"))
        #expect(flaw(lines.joined() + lines[3]).contains("line 5, field seed: the seeds end with 9"))
        let renamed = lines[1].replacing("\"steps\"", with: "\"stops\"")
        #expect(flaw(lines[0] + renamed).contains("line 2, field stops: unknown field"))
        let tuple = lines[1].replacing("heartbeat", with: "heartbreak")
        #expect(flaw(lines[0] + tuple).contains("line 2, field new: expected tuples"))
        #expect(flaw(lines[0].replacing("\"version\":1", with: "\"version\":2")).contains("reads version 1"))
    }
}
