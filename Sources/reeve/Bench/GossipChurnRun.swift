import Foundation
import JSON
import Kernel
import Simulator

/// Nodes that leave and come: who is found dead, who wrongly, and at what cost.
enum GossipChurnRun {
    static let columns = [
        Column("nodes", "nodes"), Column("left", "left"), Column("found", "found"),
        Column("ms to half", "millisecondsToHalf"), Column("false deaths", "falseDeaths"),
        Column("%", "falsePercent"), Column("false suspicions", "falseSuspicions"), Column("bytes/s", "bytesPerSecond"),
        Column("rtt % off", "roundTripErrorPercent"), Column("of 90 %", "roundTripErrorPercent90"),
        memory("kB at start", "memoryBytesAtStart"), memory("at end", "memoryBytesAtEnd"),
        Column("x real time", "timesRealTime"),
    ]

    /// A node, of the process as a whole.
    private static func memory(_ title: String, _ name: String) -> Column {
        Column(title) { row in row[name]?.integerValue.map { "\($0 >> 10)" } ?? "not known" }
    }

    static func row(nodes: Int, minutes: UInt64) -> JSONValue {
        let memory = ProcessMemory.anonymousBytes
        let clock = ContinuousClock.now
        let network = GossipNetwork(lossPerMillion: GossipConditions.all[0].lossPerMillion)
        var world = GossipWorld(GossipWorldOptions(nodeCount: nodes, seed: 1, network: network))
        world.run(until: Instant.zero.advanced(by: .seconds(startSeconds)))
        let memoryAtStart = growth(since: memory)
        let bytesAtStart = world.allBytesSent
        run(&world, minutes: minutes)
        let elapsed = (ContinuousClock.now - clock) / .seconds(1)
        let bytes = Double(world.allBytesSent - bytesAtStart) / Double(nodes) / Double(60 * minutes)
        let speed = Double(60 * minutes + startSeconds) / elapsed
        let memoryAtEnd = growth(since: memory)
        return .object(
            detection(in: world, nodes: nodes) + roundTrips(in: &world) + [
                JSONMember(name: "bytesPerSecond", value: .rounded(bytes)),
                JSONMember(
                    name: "memoryBytesAtStart",
                    value: memoryAtStart.map { .integer(Int64($0 / nodes)) } ?? .null
                ),
                JSONMember(name: "memoryBytesAtEnd", value: memoryAtEnd.map { .integer(Int64($0 / nodes)) } ?? .null),
                JSONMember(name: "timesRealTime", value: .decimal(String(format: "%.1f", speed))),
            ]
        )
    }

    /// In which links open.
    private static let startSeconds: UInt64 = 3

    private static func run(_ world: inout GossipWorld, minutes: UInt64) {
        let end = startSeconds + 60 * minutes
        world.scheduleChurn(perMinute: 0.01, until: Instant.zero.advanced(by: .seconds(end)))
        var progress = ProgressBar("\(world.options.nodeCount) nodes")
        for second in startSeconds...end {
            progress.show(done: Int64(second), of: Int64(end), note: "\(second) of \(end) simulated seconds")
            world.run(until: Instant.zero.advanced(by: .seconds(second)))
        }
        progress.finish()
    }

    private static func growth(since before: Int?) -> Int? {
        before.flatMap { before in ProcessMemory.anonymousBytes.map { max(0, $0 - before) } }
    }

    /// How far off what coordinates tell is.
    private static func roundTrips(in world: inout GossipWorld) -> [JSONMember] {
        let errors = world.coordinateErrors(pairs: 20_000)
        func percent(_ share: Double) -> JSONValue {
            errors.isEmpty
                ? .null : .decimal(String(format: "%.1f", 100 * errors[Int(share * Double(errors.count - 1))]))
        }
        return [
            JSONMember(name: "roundTripErrorPercent", value: percent(0.5)),
            JSONMember(name: "roundTripErrorPercent90", value: percent(0.9)),
        ]
    }

    private static func detection(in world: GossipWorld, nodes: Int) -> [JSONMember] {
        let deaths = world.churn?.deaths ?? []
        let times = deaths.compactMap { death in death.concludedAt?.elapsed(since: death.at).milliseconds }
        let lived = nodes + (world.churn?.joined ?? 0)
        let wrong = world.churn?.falseDeaths.count ?? 0
        let percent = String(format: "%.3f", 100 * Double(wrong) / Double(lived))
        return [
            JSONMember(name: "nodes", value: .integer(Int64(nodes))),
            JSONMember(name: "left", value: .integer(Int64(deaths.count))),
            JSONMember(name: "found", value: .integer(Int64(times.count))),
            JSONMember(name: "millisecondsToHalf", value: .median(times.map { Double($0) })),
            JSONMember(name: "falseDeaths", value: .integer(Int64(wrong))),
            JSONMember(name: "falsePercent", value: .decimal(percent)),
            JSONMember(name: "falseSuspicions", value: .integer(Int64(world.churn?.falseSuspicions ?? 0))),
        ]
    }
}
