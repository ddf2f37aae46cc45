import ArgumentParser
import JSON
import Simulator

/// How long until everybody knows, in simulated networks of many nodes.
struct GossipBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gossip",
        abstract: "Time a revocation through simulated overlays of many nodes.",
        discussion: """
            Runs the module Gossip as a node would, in one thread, in a simulated network of five regions, 1 to 150 ms \
            apart one way. mild: 1 % of packets lost, 2 % of nodes down. hostile: 5 % lost, 5 % down, and 20 % of the \
            others take everything, answer probes and pass nothing on. Times are from the revocation at one node until \
            live honest nodes enforce it: to 99.9 % of them and to all, as median and worst of the seeds. "missed" counts \
            nodes that had not heard after ten seconds (memberlist: at all). Bytes are sent by a node, with headers; \
            idle is a second without news but with a seal, which floods as well.

            What is modelled: links are ordered streams, where a lost packet is late by the retransmission timeout \
            (200 ms and the round trip, doubled each time). A node takes 2 ms to check a record and make it durable. \
            What is not: the log, bandwidth, and time of the processor. Who is down at the start is known to all.

            Beside it: memberlist, the gossip of hashicorp/memberlist with its LAN defaults (each 200 ms to 3 nodes, \
            datagrams), and nodes that ask a server of their region each second. For memberlist: no time to check. \
            Against it: nothing rides on its probes, and there is no push/pull, which in the end reaches those that \
            gossip missed, after 30 s to minutes. For pulling: the servers never fail. Their idle traffic is not \
            computed; memberlist's is less than Reeve's, since nobody keeps 28 links there.

            With --churn also: by how much the round trips that coordinates tell are off at the end, of 20,000 pairs of live \
            nodes, those among them that came last; in the median, and for nine of ten.
            """
    )

    @Option(help: ArgumentHelp("How many nodes.", valueName: "counts"))
    var nodes = SimulationBench.List(values: [1000, 10_000])
    @Option(help: "How many seeds of each.")
    var seeds: UInt64 = 9
    @Option(help: "Instead: minutes in which 1 % of the nodes leaves and as many come each minute, in a mild network.")
    var churn: UInt64?
    @Flag(help: "Instead: how likely the overlay is to leave a node alone, computed and counted.")
    var connectivity = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard nodes.values.allSatisfy({ (15...20_000).contains($0) }) else {
            throw ValidationError("--nodes must be from 15 to 20000 each.")
        }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds must be from 1 to 1000.") }
        guard churn.map({ (1...60).contains($0) }) ?? true else {
            throw ValidationError("--churn must be from 1 to 60.")
        }
        guard churn == nil || !connectivity else { throw ValidationError("--churn or --connectivity, not both.") }
    }

    func run() throws {
        if connectivity {
            report(
                nodes.values.flatMap { GossipConnectivityRun.rows(nodes: $0, seeds: seeds) },
                GossipConnectivityRun.columns
            )
        } else if let churn {
            report(nodes.values.map { GossipChurnRun.row(nodes: $0, minutes: churn) }, GossipChurnRun.columns)
        } else {
            let runs = nodes.values.flatMap { count in GossipConditions.all.map { (count, $0) } }
            report(runs.flatMap { GossipRevocationRun.rows(nodes: $0, $1, seeds: seeds) }, GossipRevocationRun.columns)
        }
    }

    private func report(_ rows: [JSONValue], _ columns: [Column]) {
        guard !json else { return Console.json(["runs": .array(rows)]) }
        Console.print(Table(rows, columns).text)
    }
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

extension JSONValue {
    /// Of values of which some may be infinite: something that never came. Null when the median is.
    static func median(_ values: [Double]) -> JSONValue {
        rounded(values.sorted().dropFirst(values.count / 2).first ?? .infinity)
    }

    static func worst(_ values: [Double]) -> JSONValue { rounded(values.max() ?? .infinity) }

    /// Up to a whole number.
    static func rounded(_ value: Double) -> JSONValue { value.isFinite ? .integer(Int64(value.rounded(.up))) : .null }
}
