import ArgumentParser
import JSON
import Testing

@testable import reeve

@Suite("reeve cluster feature-level") struct FeatureLevelTests {
    private typealias Survey = FeatureLevelSurvey

    private func levels(_ current: Int64, supported: Int64 = 3) throws -> FeatureLevels {
        let items = (1...supported).map { number -> JSONValue in
            ["level": .integer(number), "in_force": .bool(number <= current), "brings": .string("things \(number)")]
        }
        let answer: JSONValue = [
            "level": .integer(current), "supported": .integer(supported), "levels": .array(items), "revision": 9,
        ]
        return try FeatureLevels(answer, at: "n1")
    }

    private func message(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "no error"
    }

    @Test("by default it goes to the highest that the node knows, else to the one named") func target() throws {
        #expect(try levels(1).target(nil, at: "n1") == 3)
        #expect(try levels(1).target(2, at: "n1") == 2)
        #expect(try levels(3).target(nil, at: "n1") == nil && levels(2).target(2, at: "n1") == nil)
        // A node that is not upgraded yet, of a cluster that is.
        #expect(try levels(4, supported: 3).target(nil, at: "n1") == nil)
        #expect(message { _ = try levels(2).target(1, at: "n1") }.contains("is at feature level 2"))
        let unknown = message { _ = try levels(1).target(4, at: "n1") }
        #expect(unknown.contains("n1: its build knows feature levels up to 3, not 4"))
        #expect(throws: CommandError.self) { try FeatureLevels(["level": -1, "supported": 3], at: "n1") }
    }

    @Test("what is gained is said, and nothing else") func plan() throws {
        let plan = try levels(1).plan(to: 2)
        #expect(plan.contains("level 2: things 2") && !plan.contains("things 1") && !plan.contains("things 3"))
    }

    @Test("every member has to know the level, or to be vouched for where it gives no answer") func survey() {
        func said(_ knowledge: [Survey.Knowledge], to level: UInt32 = 3, assuming: [String] = []) -> String {
            let members = knowledge.enumerated().map { Survey.Member(name: "n\($0 + 1)", knowledge: $1) }
            return message { try Survey(members: members).check(level, assumingUpgraded: assuming) }
        }
        #expect(said([.upTo(3), .upTo(4)]) == "no error")
        let old = said([.upTo(3), .upTo(2), .untold])
        #expect(old.contains("n2: its build knows levels up to 2 only") && old.contains("n3: its build is too old"))
        #expect(!old.contains("n1"))
        #expect(said([.upTo(3), .upTo(2)], to: 2) == "no error")
        let silent = said([.upTo(3), .noAnswer("n2 (https://x:1): refuses the connection")])
        #expect(silent.contains("n2 (https://x:1): refuses the connection") && silent.contains("--assume-upgraded n2"))
        #expect(said([.upTo(3), .noAnswer("n2: gone")], assuming: ["n2"]) == "no error")
        #expect(said([.noAnswer("n1: gone"), .noAnswer("n2: gone")], assuming: ["n2"]).contains("n1: gone"))
        // A no is a no, whoever says otherwise.
        #expect(said([.upTo(3), .upTo(2)], assuming: ["n2"]).contains("n2"))
        #expect(said([.upTo(3), .untold], assuming: ["n2"]).contains("n2"))
        #expect(said([.upTo(3)], assuming: ["n7"]).contains("n7: is not a member"))
    }

    @Test("a member's answer is its own, and read as it is meant") func answers() {
        let node = ClusterContext.Node(name: "n2", admin: "https://x:1", decisions: "")
        func knowledge(_ status: JSONValue?, error: String? = nil) -> Survey.Knowledge {
            let row = ClusterNodes.Row(node: node, status: status, error: error)
            return Survey.Member(["member": "id-2", "name": "n2"], answered: row).knowledge
        }
        #expect(knowledge(["member": "id-2", "supported_feature_level": 3]) == .upTo(3))
        #expect(knowledge(["member": "id-2"]) == .untold)
        #expect(knowledge(["member": "id-2", "supported_feature_level": "3"]) == .untold)
        let other = knowledge(["member": "id-1", "supported_feature_level": 3])
        #expect(other == .noAnswer("n2: another node answers at https://x:1"))
        #expect(knowledge(nil, error: "n2: gone") == .noAnswer("n2: gone"))
    }
}
