import ArgumentParser
import Directory
import HTTPAPI
import JSON
import Kernel
import Testing

@testable import reeve

@Suite("reeve cluster settings") struct SettingsChangeTests {
    private let settings = Settings(
        maximumAge: .seconds(60),
        actionAges: [
            ActionAge(action: "deploy", maximumAge: .seconds(5)), ActionAge(action: "send", maximumAge: .seconds(10)),
        ],
        historyLimit: 500
    )

    @Test("what is named is changed, and nothing else") func change() throws {
        let change = try SettingsChange.parse([
            "--action-age", "deploy=7s", "--action-age", "a=b=90s", "--no-action-age", "send", "--idempotency-limit",
            "20",
        ])
        #expect(!change.isEmpty)
        let changed = try change.applied(to: settings)
        #expect(changed.maximumAge == .seconds(60) && changed.historyLimit == 500 && changed.idempotencyLimit == 20)
        let ages = [("a=b", 90), ("deploy", 7)].map { ActionAge(action: $0.0, maximumAge: .seconds($0.1)) }
        #expect(changed.actionAges == ages)
        #expect(try SettingsChange.parse(["--maximum-age", "30s"]).applied(to: settings).maximumAge == .seconds(30))
    }

    @Test("without an option nothing changes") func nothing() throws {
        let change = try SettingsChange.parse([])
        #expect(change.isEmpty)
        #expect(try change.applied(to: settings) == settings)
    }

    @Test("a bound that is not there is not taken away") func mistyped() throws {
        let change = try SettingsChange.parse(["--no-action-age", "sned"])
        #expect(throws: CommandError.self) { try change.applied(to: settings) }
    }

    @Test("an answer is read with what else it says") func shown() throws {
        let answer = JSONValue.object(settings.members + [JSONMember(name: "revision", value: 17)])
        #expect(try Settings(shown: answer) == settings)
    }
}
