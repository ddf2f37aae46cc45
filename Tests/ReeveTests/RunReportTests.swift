import ArgumentParser
import JSON
import Kernel
import Simulator
import Testing
import Wire

@testable import reeve

@Suite("The picture of a run")
struct RunReportTests {
    /// The page of a short run whose name tries to end the element that the data is in.
    private func page(_ name: String) throws -> (html: String, simulation: Simulation) {
        let scenario = Scenario(name: name, duration: .seconds(5), drawsFaults: false)
        var options = WorldOptions(seed: 1, scenario: scenario, codec: ProtobufCodec())
        options.recordsMessages = true
        var simulation = Simulation(options)
        let report = simulation.run()
        let page = RunReport(
            report: report,
            recording: try #require(simulation.world.recording),
            nodeCount: simulation.world.machines.count,
            names: simulation.world.memberNames,
            replay: "reeve sim run --seed 1"
        )
        return (String(decoding: page.html, as: UTF8.self), simulation)
    }

    @Test("it holds what was recorded, and nothing in it is taken for markup")
    func data() throws {
        let name = "</script><script>alert(1)</script><!--"
        let (html, simulation) = try page(name)
        let start = try #require(html.firstRange(of: #"id="data">"#)).upperBound
        let end = try #require(html[start...].firstRange(of: "</script>")).lowerBound
        let text = html[start..<end]
        #expect(!text.contains("<"))
        let data = try JSONValue.parse(String(text), limits: JSONLimits(maxBytes: 1 << 26))
        let recording = try #require(simulation.world.recording)
        #expect(data["title"]?.stringValue == "\(name), seed 1")
        #expect(data["violated"]?.isNull == true)
        #expect(data["nodes"]?.arrayValue?.count == 3)
        #expect(data["messages"]?.arrayValue?.count == recording.messages.count)
        #expect(data["states"]?.arrayValue?.count == recording.states.count)
        #expect(data["events"]?.arrayValue?.count == recording.events.count)
        #expect(recording.messages.count > 100)
        let kinds = (data["events"]?.arrayValue ?? []).compactMap { $0.arrayValue?[2].stringValue }
        for kind in ["client", "allow", "deny"] { #expect(kinds.contains(kind)) }
        for member in simulation.world.members {
            #expect(!text.contains("\(member)"), "a node is told of by its name")
        }
    }

    @Test("it asks for nothing from elsewhere")
    func alone() throws {
        let html = try page("calm").html
        for word in ["http:", "https:", "src=", "href=", "@import", "url(", "fetch("] {
            #expect(!html.contains(word), "\(word)")
        }
    }

    @Test("a bundle and a seed at once are wrong use")
    func wrongUse() {
        #expect(throws: (any Error).self) { try ReportCommand.parse(["bundle", "--seed", "1"]) }
        #expect(throws: (any Error).self) { try ReportCommand.parse(["bundle", "--nodes", "5"]) }
        #expect(throws: (any Error).self) { try ReportCommand.parse(["--all"]) }
        #expect(throws: Never.self) { try ReportCommand.parse(["bundle", "--all"]) }
        #expect(throws: Never.self) { try ReportCommand.parse(["--seed", "7", "--nodes", "5"]) }
    }
}
