import ClusterSupport
import Foundation
import Synchronization

/// The links between the nodes. Clients always reach every node.
///
/// In namespaces packets are lost and nobody is told. Without, a node's links are refused and broken.
final class Network: Sendable {
    typealias Cut = NodeNamespaces.Cut

    private let names: [String]
    private let namespaces: NodeNamespaces?
    private let inForce = Mutex<Set<Cut>>([])

    init(names: [String], isNamespaced: Bool) throws {
        self.names = names
        namespaces = isNamespaced ? try NodeNamespaces(names: names) : nil
    }

    var hosts: [String] { namespaces?.hosts ?? names.map { _ in "127.0.0.1" } }

    /// Never empty: libfaketime changes the environment of the first program that it is loaded into, after which Swift does not
    /// find the program's arguments. What that one becomes is spared.
    func wrapper(of name: String) -> [String] { namespaces?.wrapper(of: name) ?? ["/usr/bin/env"] }

    /// Makes these the only cuts.
    func set(_ cuts: Set<Cut>, of cluster: TestCluster, _ orders: [FaultOrders]) throws {
        let old = inForce.withLock { inForce in
            defer { inForce = cuts }
            return inForce
        }
        if let namespaces {
            for cut in old.subtracting(cuts).sorted() { try namespaces.heal(cut) }
            for cut in cuts.subtracting(old).sorted() { try namespaces.cut(cut) }
        } else {
            for (node, orders) in orders.enumerated() {
                let refused = cuts.filter { $0.from == node }.sorted()
                try orders.refuse(refused.map { cluster.port(names[$0.to], 0) })
            }
        }
    }
}
