import Foundation
import Gossip
import JSON
import Kernel
import Simulator

/// One revocation a seed, told in three ways.
enum GossipRevocationRun {
    private struct Samples {
        var most: [Double] = []
        var all: [Double] = []
        var missed = 0
        var bytes: [Double] = []
        var idle: [Double] = []

        mutating func add(_ hearings: [Span?], bytes: Int, running: Int) {
            let heard = hearings.compactMap { $0 }.map { Double($0.microseconds) / 1000 }.sorted()
            let needed = (hearings.count * 999 + 999) / 1000
            most.append(heard.count >= needed && needed > 0 ? heard[needed - 1] : .infinity)
            all.append(heard.count == hearings.count ? heard.last ?? 0 : .infinity)
            missed += hearings.count - heard.count
            self.bytes.append(Double(bytes) / Double(running))
        }

        func row(_ nodes: Int, _ conditions: String, _ name: String) -> JSONValue {
            .object([
                JSONMember(name: "nodes", value: .integer(Int64(nodes))),
                JSONMember(name: "network", value: .string(conditions)),
                JSONMember(name: "by", value: .string(name)),
                JSONMember(name: "ms_to_99.9_%", value: GossipCells.median(most)),
                JSONMember(name: "worst", value: GossipCells.worst(most)),
                JSONMember(name: "ms_to_all", value: GossipCells.median(all)),
                JSONMember(name: "worst_all", value: GossipCells.worst(all)),
                JSONMember(name: "never", value: .integer(Int64(missed))),
                JSONMember(name: "bytes_an_update", value: GossipCells.median(bytes)),
                JSONMember(name: "idle_bytes/s", value: idle.isEmpty ? .string("-") : GossipCells.median(idle)),
            ])
        }
    }

    static func rows(nodes: Int, _ conditions: GossipConditions, seeds: UInt64) -> [JSONValue] {
        var (reeve, memberlist, pull) = (Samples(), Samples(), Samples())
        for seed in 1...seeds {
            Console.progress("\(nodes) nodes, \(conditions.name), seed \(seed) of \(seeds)")
            let options = conditions.options(nodes: nodes, seed: seed)
            runReeve(options, &reeve)
            var rivals = GossipRivals(options)
            let gossip = rivals.memberlist()
            memberlist.add(gossip.hearings, bytes: gossip.bytes, running: gossip.hearings.count)
            let asked = rivals.pull(each: .seconds(1))
            pull.add(asked.hearings, bytes: asked.bytes, running: asked.hearings.count)
        }
        return [
            reeve.row(nodes, conditions.name, "reeve"), memberlist.row(nodes, conditions.name, "memberlist"),
            pull.row(nodes, conditions.name, "pull each 1 s"),
        ]
    }

    /// Links open, a second is watched with nothing to tell, and then there is something.
    private static func runReeve(_ options: GossipWorldOptions, _ samples: inout Samples) {
        var world = GossipWorld(options)
        world.run(until: Instant.zero.advanced(by: .milliseconds(2300)))
        let before = world.bytesSent.reduce(0, +)
        world.run(until: Instant.zero.advanced(by: .milliseconds(3300)))
        samples.idle.append(Double(world.bytesSent.reduce(0, +) - before) / Double(world.runningCount))
        let start = world.now
        world.revoke(at: world.drawHonest())
        // A second is enough for all in most worlds; the rest is waited for.
        for second in 1...10 where second == 1 || world.hearings.contains(nil) {
            world.run(until: start.advanced(by: .seconds(UInt64(second))))
        }
        samples.add(
            world.hearings.map { $0.map { $0.elapsed(since: start) } },
            bytes: world.bytesOfWatched,
            running: world.runningCount
        )
    }
}

enum GossipChurnRun {
    static func row(nodes: Int, minutes: UInt64) -> JSONValue {
        Console.progress("\(nodes) nodes, \(minutes) simulated minutes")
        let start = ContinuousClock.now
        let conditions = GossipConditions.all[0]
        var world = GossipWorld(
            GossipWorldOptions(
                nodeCount: nodes,
                seed: 1,
                network: GossipNetwork(lossPerMillion: conditions.lossPerMillion)
            )
        )
        world.run(until: Instant.zero.advanced(by: .seconds(3)))
        let before = world.bytesSent.reduce(0, +)
        let end = Instant.zero.advanced(by: .seconds(3 + 60 * minutes))
        world.scheduleChurn(perMinute: 0.01, until: end)
        world.run(until: end)
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let bytes = Double(world.bytesSent.reduce(0, +) - before) / Double(nodes) / Double(60 * minutes)
        let deaths = world.churn?.deaths ?? []
        let times = deaths.compactMap { death in
            death.concludedAt.map { Double($0.elapsed(since: death.at).milliseconds) }
        }
        let lived = nodes + (world.churn?.joined ?? 0)
        let wrong = world.churn?.falseDeaths.count ?? 0
        return .object([
            JSONMember(name: "nodes", value: .integer(Int64(nodes))),
            JSONMember(name: "left", value: .integer(Int64(deaths.count))),
            JSONMember(name: "found", value: .integer(Int64(times.count))),
            JSONMember(name: "ms_to_half", value: GossipCells.median(times)),
            JSONMember(name: "false_deaths", value: .integer(Int64(wrong))),
            JSONMember(name: "false_%", value: .decimal(String(format: "%.3f", 100 * Double(wrong) / Double(lived)))),
            JSONMember(name: "false_suspicions", value: .integer(Int64(world.churn?.falseSuspicions ?? 0))),
            JSONMember(name: "bytes/s", value: GossipCells.number(bytes)),
            JSONMember(
                name: "x_real_time",
                value: .decimal(String(format: "%.1f", Double(60 * minutes + 3) / elapsed))
            ),
        ])
    }
}

enum GossipConnectivityRun {
    /// Also at shares at which it can be counted, to compare with what is computed.
    static func rows(nodes: Int, seeds: UInt64) -> [JSONValue] {
        [(0.2, 0), (0.2, 1), (0.5, 0), (0.7, 0), (0.7, 1)].map { share, lost in
            let computed = OverlayConnectivity(
                nodeCount: nodes,
                zoneCount: GossipNetwork.regionCount,
                downShare: share,
                lostZones: lost
            )
            let counted = GossipConnectivityCount(nodes: nodes, downShare: share, lostZones: lost, seeds: seeds)
            return .object([
                JSONMember(name: "nodes", value: .integer(Int64(nodes))),
                JSONMember(name: "down_%", value: .integer(Int64(share * 100))),
                JSONMember(name: "zones_lost", value: .integer(Int64(lost))),
                JSONMember(
                    name: "expected_isolated",
                    value: .decimal(String(format: "%.2e", computed.expectedIsolated))
                ),
                JSONMember(name: "counted_isolated", value: .decimal(String(format: "%.2f", counted.isolated))),
                JSONMember(name: "worlds_in_parts", value: .integer(Int64(counted.apart))),
                JSONMember(name: "of", value: .integer(Int64(seeds))),
            ])
        }
    }
}

enum GossipCells {
    static func median(_ values: [Double]) -> JSONValue {
        number(values.sorted().dropFirst(values.count / 2).first ?? .infinity)
    }
    static func worst(_ values: [Double]) -> JSONValue { number(values.max() ?? .infinity) }
    /// Whole; what never came is said so.
    static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .integer(Int64(value.rounded(.up))) : .string("never")
    }
}
