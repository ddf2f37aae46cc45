import Foundation
import JSON

/// Waits for a learner to catch up with the log, and shows how far it is.
struct CatchUp {
    let name: String
    let client: ClusterClient

    /// How many entries may be missing when it counts as caught up; the leader has the last word.
    private static let allowance: Int64 = 100

    /// How long until the leader is asked again.
    static let interval = Duration.milliseconds(200)

    func wait(until deadline: ContinuousClock.Instant) async throws {
        var bar = ProgressBar(name)
        var start: Int64?
        while true {
            if let place = try await place() {
                start = start ?? place.held
                bar.show(done: place.held - (start ?? 0), of: place.last - (start ?? 0), note: Self.text(place))
                if place.last - place.held <= Self.allowance { return bar.finish() }
            } else {
                bar.show(done: 0, of: 1, note: "the leader has not heard of it yet")
            }
            guard ContinuousClock.now < deadline else {
                bar.finish()
                throw CommandError("\(name) has not caught up in time", advice: "see `reeve cluster status`")
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private static func text(_ place: (held: Int64, last: Int64)) -> String {
        "entry \(place.held.formatted()) of \(place.last.formatted())"
    }

    /// What it holds of the leader's log; nil while nobody leads, or the leader does not know.
    private func place() async throws -> (held: Int64, last: Int64)? {
        guard let leader = await ClusterNodes.ask(client).first(where: \.leads)?.status else { return nil }
        guard let peer = leader["peers"]?.arrayValue?.first(where: { $0["name"]?.stringValue == name }) else {
            throw CommandError(
                "\(name) is not a member",
                advice: "invite it with `reeve cluster add`, and run `reeve node join`"
            )
        }
        guard let held = peer["match_index"]?.integerValue, let last = leader["last_index"]?.integerValue,
            peer["connected"]?.boolValue == true
        else { return nil }
        return (held, last)
    }
}
