import JSON
import Kernel
import Simulator

/// One revocation a seed, told in three ways.
enum GossipRevocationRun {
    static let columns =
        [Column("nodes", "nodes"), Column("network", "network"), Column("by", "by")]
        + [
            ("99.9 % ms", "mostMilliseconds"), ("worst", "worstMostMilliseconds"), ("all ms", "allMilliseconds"),
            ("worst", "worstAllMilliseconds"),
        ].map { title, name in Column(title) { row in row[name].map { $0 == .null ? "never" : $0.cell } ?? "" } }
        + [
            Column("missed", "missed"), Column("bytes/update", "bytesPerUpdate"),
            Column("idle bytes/s", "idleBytesPerSecond"),
        ]

    static func rows(nodes: Int, _ conditions: GossipConditions, seeds: UInt64) -> [JSONValue] {
        var (reeve, memberlist, pull) = (Samples(), Samples(), Samples())
        var progress = ProgressBar("\(nodes) nodes, \(conditions.name)")
        for seed in 1...seeds {
            progress.show(done: Int64(seed - 1), of: Int64(seeds), note: "seed \(seed) of \(seeds)")
            let options = conditions.options(nodes: nodes, seed: seed)
            reeve.addReeve(options)
            var rivals = GossipRivals(options)
            memberlist.add(rivals.memberlist())
            pull.add(rivals.pull(each: .seconds(1)))
        }
        progress.finish()
        return [("reeve", reeve), ("memberlist", memberlist), ("pull", pull)].map { name, samples in
            samples.row(nodes, conditions.name, name)
        }
    }

    private struct Samples {
        /// Milliseconds to 99.9 % and to all, of each seed; infinite where not so many heard.
        var most: [Double] = []
        var all: [Double] = []
        var missed = 0
        var bytes: [Double] = []
        var idle: [Double] = []

        mutating func add(_ outcome: GossipRivals.Outcome) {
            add(outcome.hearings, bytes: Double(outcome.bytes) / Double(outcome.running))
        }

        mutating func add(_ hearings: [Span?], bytes: Double) {
            let heard = hearings.compactMap { $0 }.map { Double($0.microseconds) / 1000 }.sorted()
            let needed = max(1, (hearings.count * 999 + 999) / 1000)
            most.append(heard.count >= needed ? heard[needed - 1] : .infinity)
            all.append(heard.count == hearings.count ? heard.last ?? 0 : .infinity)
            missed += hearings.count - heard.count
            self.bytes.append(bytes)
        }

        /// Links open, a second is watched with nothing to tell, and then there is something.
        mutating func addReeve(_ options: GossipWorldOptions) {
            var world = GossipWorld(options)
            world.run(until: Instant.zero.advanced(by: .milliseconds(2300)))
            let before = world.allBytesSent
            world.run(until: Instant.zero.advanced(by: .milliseconds(3300)))
            let running = Double(world.runningCount)
            idle.append(Double(world.allBytesSent - before) / running)
            let start = world.now
            world.revoke(at: world.drawHonest())
            // A second is enough in most worlds; for the rest up to ten.
            for second in 1...10 as ClosedRange<UInt64> where second == 1 || world.hearings.contains(nil) {
                world.run(until: start.advanced(by: .seconds(second)))
            }
            let hearings = world.hearings.map { $0?.elapsed(since: start) }
            add(hearings, bytes: Double(world.bytesOfWatched) / running)
        }

        func row(_ nodes: Int, _ conditions: String, _ name: String) -> JSONValue {
            .object([
                JSONMember(name: "nodes", value: .integer(Int64(nodes))),
                JSONMember(name: "network", value: .string(conditions)),
                JSONMember(name: "by", value: .string(name)),
                JSONMember(name: "mostMilliseconds", value: .median(most)),
                JSONMember(name: "worstMostMilliseconds", value: .worst(most)),
                JSONMember(name: "allMilliseconds", value: .median(all)),
                JSONMember(name: "worstAllMilliseconds", value: .worst(all)),
                JSONMember(name: "missed", value: .integer(Int64(missed))),
                JSONMember(name: "bytesPerUpdate", value: .median(bytes)),
                JSONMember(name: "idleBytesPerSecond", value: .median(idle)),
            ])
        }
    }
}
