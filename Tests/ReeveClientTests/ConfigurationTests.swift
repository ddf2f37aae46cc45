import Testing

@testable import ReeveClient

@Suite("What a client is given") struct ConfigurationTests {
    @Test(
        "addresses",
        arguments: [
            ("https://127.0.0.1:7403", true), ("https://node-1.example:1", true), ("https://[::1]:7403", true),
            ("http://127.0.0.1:7403", false), ("https://127.0.0.1", false), ("https://127.0.0.1:7403/", false),
            ("https://127.0.0.1:7403/x", false), ("https://:7403", false), ("https://a:0", false),
            ("https://a:70000", false), ("https://a@b:1", false), ("https://[::1]", false), ("", false),
            ("https://a b:1", false), ("https://a?x:1", false), ("https://[]:1", false),
        ]
    )
    func addresses(text: String, isGood: Bool) { #expect(NodeAddress.isBase(text) == isGood) }

    @Test("numbers that make no sense are refused by name") func options() {
        var options = ReeveClientOptions()
        options.callTimeout = .zero
        #expect { _ = try options.checked() } throws: { "\($0)".contains("callTimeout") }
        options = ReeveClientOptions()
        options.maximumCallCount = 0
        #expect { _ = try options.checked() } throws: { "\($0)".contains("maximumCallCount") }
        options = ReeveClientOptions()
        #expect(throws: Never.self) { _ = try options.checked() }
    }

    @Test("no hedges where none are wanted") func noHedges() {
        var options = ReeveClientOptions()
        options.hedgePercent = 0
        var nodes = NodeSelection(seeds: [address("a"), address("b")], options: options.selection)
        nodes.countCall()
        let isHedged = nodes.takeHedge()
        #expect(!isHedged)
    }
}
