import Directory
import JSON
import Kernel
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: the cluster's feature level") struct AdminFeatureLevelTests {
    private static let cascading = #"{"subject":"agent/bot","reason":"test","cascade":true}"#
    private static let supported = Int64(FeatureLevel.supported.number)

    private func raise(_ admin: Administration, to level: Int64) async -> Administration.Answer {
        await admin.send("POST", "/v1/feature-level/raise", #"{"level":\#(level)}"#)
    }

    @Test("a cluster of before shows its level, what this build knows, and what each level brings")
    func shown() async throws {
        let admin = try Administration(featureLevel: .first)
        let answer = await admin.send("GET", "/v1/feature-level?consistency=linearizable")
        #expect(answer.status == 200 && answer.json["level"] == 1 && answer.tag == "\"1\"")
        #expect(answer.json["supported"] == .integer(Self.supported))
        let levels = answer.json["levels"]?.arrayValue ?? []
        #expect(levels.map { $0["level"] } == (1...Self.supported).map { .integer($0) })
        #expect(levels.map { $0["in_force"]?.boolValue } == levels.indices.map { $0 == 0 })
        #expect(levels.allSatisfy { $0["brings"]?.stringValue?.isEmpty == false })
        let status = await admin.send("GET", "/v1/node/status").json
        #expect(status["supported_feature_level"] == .integer(Self.supported))
    }

    @Test("raised, the cluster takes what it refused; once more changes nothing") func raised() async throws {
        let admin = try Administration(featureLevel: .first)
        let refused = await admin.send("POST", "/v1/revocations", Self.cascading)
        #expect(refused.status == 409 && refused.code == "feature_level")
        let done = await raise(admin, to: 2)
        #expect(done.status == 200)
        #expect(await admin.send("GET", "/v1/feature-level").json["level"] == 2)
        let again = await raise(admin, to: 2)
        #expect(again.status == 200 && again.json["object_revision"] == done.json["object_revision"])
        #expect(await admin.send("POST", "/v1/revocations", Self.cascading).status == 201)
        #expect(await raise(admin, to: Self.supported).status == 200)
    }

    @Test("a level that this build does not know, or a lower one, is refused with its reason, and nothing is written")
    func refused() async throws {
        let admin = try Administration(featureLevel: .cascades)
        let before = admin.node.lastCommand
        let unknown = await raise(admin, to: Self.supported + 1)
        #expect(unknown.status == 409 && unknown.code == "feature_level_unknown")
        #expect(unknown.detail.contains("up to \(Self.supported), not \(Self.supported + 1)"))
        let lower = await raise(admin, to: 1)
        #expect(lower.status == 409 && lower.code == "feature_level_lower")
        #expect(lower.detail.contains("is at feature level 2"))
        for body in ["{}", #"{"level":0}"#, #"{"level":-1}"#, #"{"level":4294967296}"#, #"{"level":2,"x":1}"#] {
            let answer = await admin.send("POST", "/v1/feature-level/raise", body)
            #expect(answer.status == 400 && answer.code == "invalid_field", "\(body): \(answer.text)")
        }
        #expect(admin.node.lastCommand == before)
        #expect(await admin.send("GET", "/v1/feature-level").json["level"] == 2)
    }

    @Test("whoever the policies do not let raise it may not") func unauthorized() async throws {
        let admin = try Administration(featureLevel: .first)
        let bot = Administration.Caller.token(admin.sample.botToken)
        let path = "/v1/feature-level/raise"
        #expect(await admin.send("POST", path, #"{"level":2}"#, by: bot).code == "unauthorized")
        #expect(await admin.send("POST", path, #"{"level":2}"#, by: .nobody).status == 401)
        #expect(await admin.send("GET", "/v1/feature-level", by: bot).status == 403)
        let guarded = await admin.send("POST", path, #"{"level":2}"#, headers: [("If-Match", "\"1\"")])
        #expect(guarded.code == "invalid_request")
        #expect(await admin.send("GET", "/v1/feature-level").json["level"] == 1)
    }
}
