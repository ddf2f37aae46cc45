package import Gossip
package import Kernel

/// What a world of gossiping nodes is like.
package struct GossipWorldOptions: Hashable, Sendable {
    package var nodeCount: Int
    package var seed: UInt64
    package var network: GossipNetwork
    /// Share of nodes that are down from the start, and known to be.
    package var downPerMillion: UInt64
    /// Share of the live ones that take everything, answer probes and comparisons, and pass nothing on.
    package var droppingPerMillion: UInt64
    /// A signed statement, and a seal with the signatures of a quorum.
    package var statementBytes = 400
    package var sealBytes = 600
    /// None: no voter seals.
    package var sealInterval: Span? = .seconds(1)
    /// From a record's arrival until it is checked and durable, before it is passed on.
    package var judgement = Span.milliseconds(2)
    package var options = GossipOptions()

    package init(
        nodeCount: Int,
        seed: UInt64,
        network: GossipNetwork,
        downPerMillion: UInt64 = 0,
        droppingPerMillion: UInt64 = 0
    ) {
        self.nodeCount = nodeCount
        self.seed = seed
        self.network = network
        self.downPerMillion = downPerMillion
        self.droppingPerMillion = droppingPerMillion
    }

    /// What TCP over IPv4 with its timestamps (52 bytes) and a record of TLS 1.3 (22) add to each message.
    package static let frameOverhead = 74
}
