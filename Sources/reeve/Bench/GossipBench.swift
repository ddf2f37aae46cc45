import ArgumentParser
import Foundation
import Gossip
import JSON
import Kernel
import Simulator

/// How long until everybody knows, in simulated networks of many nodes.
struct GossipBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gossip",
        abstract: "Time a revocation through simulated overlays of many nodes.",
        discussion: """
            Five regions, 1 to 150 ms apart one way. mild: 1 % of packets lost, 2 % of nodes down. hostile: 5 % lost, 5 % down, \
            and 20 % of the others take everything and pass nothing on. Links are ordered streams: a lost packet is late by the \
            retransmission timeout (200 ms and the round trip, doubled each time). A node takes 2 ms to check a record and make it \
            durable before it enforces it and passes it on. Times are from the revocation at one node until live honest nodes \
            enforce it, as median and worst of the seeds. Beside reeve: memberlist's default gossip (every 200 ms to 3 nodes, datagrams), \
            and nodes that ask a server of their region each second. Bytes are with headers, sent a node. Idle is with a seal a second.
            """
    )

    @Option(help: ArgumentHelp("How many nodes.", valueName: "counts"))
    var nodes = SimulationBench.List(values: [SimulationBench.Rate(1000), SimulationBench.Rate(10_000)])
    @Option(help: "How many seeds of each.")
    var seeds: UInt64 = 9
    @Option(help: "Instead: minutes in which 1 % of the nodes leaves and as many come each minute.")
    var churn: UInt64?
    @Flag(help: "Instead: how likely the overlay is to leave a node alone, computed and counted.")
    var connectivity = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard nodes.values.allSatisfy({ (15...20_000).contains($0.operations) }) else {
            throw ValidationError("--nodes must be from 15 to 20000 each.")
        }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds must be from 1 to 1000.") }
        guard churn.map({ (1...60).contains($0) }) ?? true else {
            throw ValidationError("--churn must be from 1 to 60.")
        }
    }

    func run() throws {
        let rows: [JSONValue]
        if connectivity {
            rows = counts.flatMap { GossipConnectivityRun.rows(nodes: $0, seeds: seeds) }
        } else if let churn {
            rows = counts.map { GossipChurnRun.row(nodes: $0, minutes: churn) }
        } else {
            rows = counts.flatMap { count in
                GossipConditions.all.flatMap { GossipRevocationRun.rows(nodes: count, $0, seeds: seeds) }
            }
        }
        guard !json else { return Console.json(["runs": .array(rows)]) }
        let names = (rows.first?.objectValue ?? []).map(\.name)
        Console.print(Table(rows, names.map { Column($0.replacing("_", with: " "), $0) }).text)
    }

    private var counts: [Int] { nodes.values.map { Int($0.operations) } }
}

/// What the network and the nodes are like.
struct GossipConditions {
    let name: String
    let lossPerMillion: UInt64
    let downPerMillion: UInt64
    let droppingPerMillion: UInt64

    static let all = [
        GossipConditions(name: "mild", lossPerMillion: 10_000, downPerMillion: 20_000, droppingPerMillion: 0),
        GossipConditions(name: "hostile", lossPerMillion: 50_000, downPerMillion: 50_000, droppingPerMillion: 200_000),
    ]

    func options(nodes: Int, seed: UInt64) -> GossipWorldOptions {
        GossipWorldOptions(
            nodeCount: nodes,
            seed: seed,
            network: GossipNetwork(lossPerMillion: lossPerMillion),
            downPerMillion: downPerMillion,
            droppingPerMillion: droppingPerMillion
        )
    }
}
