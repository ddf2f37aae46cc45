import Kernel
import Sealing

extension SealWorld {
    /// Lets somebody lead whom all hear, and all apply what is committed, while nothing of seals gets from one to another.
    ///
    /// - Returns: Who leads then.
    mutating func settle() -> Int? {
        now += 2000
        for _ in 0..<500 {
            now += 1
            for place in nodes.indices { nodes[place].deafUntil = 0 }
            let newest = nodes.map(\.term).max() ?? .zero
            let leading = nodes.indices.first { nodes[$0].leads && nodes[$0].term == newest }
            if let place = leading {
                for other in nodes.indices { replicate(from: place, to: other) }
            } else {
                elect(anyNode())
            }
            for place in nodes.indices { apply(place) }
            deliver { $0.from == $0.to }
            if let place = leading, nodes[place].leads, nodes.allSatisfy({ $0.applied == nodes[place].log.count }) {
                return place
            }
        }
        return nil
    }

    /// Switches off whoever does not vote. The others' letters arrive, in order.
    mutating func lead(_ place: Int, for milliseconds: UInt64) {
        let voters = nodes[place].voters
        for _ in 0..<milliseconds {
            now += 1
            wake(place)
            deliver { voters.key(of: MemberID($0.to)) != nil }
        }
    }

    private mutating func deliver(where arrives: (Mail) -> Bool) {
        let letters = mail
        mail = []
        for letter in letters where arrives(letter) { receive(letter, at: Int(letter.to) - 1) }
    }
}
