import ClusterSupport
import Foundation

/// Asks the edge what it permits, over and over.
struct EdgeWatch {
    let cluster: TestCluster
    let edge: String

    private static let interval = Duration.milliseconds(5)

    /// Whether the edge gives all of them.
    func untilPermitted(_ permits: [Permit]) async throws {
        try await cluster.until("\(edge) permits everything", within: 30) {
            for permit in permits {
                guard try await reason(permit) == Self.allowed else { return false }
            }
            return true
        }
    }

    /// Until the target is refused, and with it everything that has a shorter bound.
    func untilRefused(_ cut: inout CutOff) async throws {
        let target = cut.permits[cut.target]
        let deadline = ContinuousClock.now + target.bound + .seconds(10)
        while cut.observations[cut.target].firstNo == nil {
            guard ContinuousClock.now < deadline else {
                throw TestCluster.Failure("\(target.name): \(edge) goes on to permit it")
            }
            for place in cut.observations.indices where cut.observations[place].firstNo == nil {
                try await ask(&cut.observations[place])
            }
            try await Task.sleep(for: Self.interval)
        }
        // What has a longer bound has more time, unless it is an edge that cannot count: the report will tell.
        for place in cut.permits.indices.dropFirst(cut.target + 1) { try await ask(&cut.observations[place]) }
        cut.sealTime = try await sealTime()
    }

    private func ask(_ observation: inout CutOff.Observation) async throws {
        let sent = Date.now
        switch try await reason(observation.permit) {
        case Self.allowed: observation.lastYes = sent
        case Self.stale: observation.firstNo = .now
        case let reason: throw TestCluster.Failure("\(observation.permit.name): \(edge) answers \(reason)")
        }
    }

    /// Until everything that was refused is permitted again.
    func untilPermitted(_ cut: inout CutOff) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while let place = cut.ended.indices.first(where: { cut.observations[$0].yesAgain == nil }) {
            guard ContinuousClock.now < deadline else {
                throw TestCluster.Failure("\(cut.permits[place].name): \(edge) does not permit it again")
            }
            for place in cut.ended.indices where cut.observations[place].yesAgain == nil {
                guard try await reason(cut.permits[place]) == Self.allowed else { continue }
                cut.observations[place].yesAgain = .now
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private static let allowed = "allowed"
    private static let stale = "stale"

    private func reason(_ permit: Permit) async throws -> String {
        let body =
            #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"\#(permit.action)"},"#
            + #""resource":{"type":"database","id":"d"}}"#
        let answer = try await cluster.decisions("POST", "/access/v1/evaluation", body: body, at: edge)
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        guard let reason = (object?["context"] as? [String: Any])?["reason"] as? String,
            let decision = object?["decision"] as? Bool, decision == (reason == Self.allowed)
        else { throw TestCluster.Failure("\(edge) does not decide: \(answer.status) \(answer.body)") }
        return reason
    }

    /// Of the newest that it has verified.
    private func sealTime() async throws -> Date {
        let answer = try await cluster.status(of: edge)
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        guard let text = (object?["seal"] as? [String: Any])?["time"] as? String,
            let time = try? Date(text, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
        else { throw TestCluster.Failure("\(edge) names no seal: \(answer.body)") }
        return time
    }
}
