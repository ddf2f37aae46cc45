import Gossip
import Kernel

extension GossipWorld {
    /// By which share of the truth the coordinates of two live nodes are off, in order, of so many pairs that are drawn. The truth is twice
    /// the delay one way, without what comes on top by chance.
    package mutating func coordinateErrors(pairs: Int) -> [Double] {
        let live = nodes.indices.filter { nodes[$0] != nil }
        guard live.count > 1 else { return [] }
        return (0..<pairs).compactMap { _ in
            let (first, second) = (live[random.below(live.count)], live[random.below(live.count)])
            guard first != second, let from = nodes[first]?.coordinate, let to = nodes[second]?.coordinate else {
                return nil
            }
            let delay = GossipNetwork.delay(from: Self.region(of: first), to: Self.region(of: second))
            let truth = Double(2 * delay.microseconds)
            return abs(Double(from.roundTrip(to: to).microseconds) - truth) / truth
        }.sorted()
    }
}
