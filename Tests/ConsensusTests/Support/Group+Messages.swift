import Consensus
import Kernel

// Messages and entries made by hand, for what a member in good order would not send now.
extension Group {
    func message(from: Int, to: Int, term: UInt64, _ body: Message.Body) -> Message {
        Message(lineage: Self.lineage, from: ids[from], to: ids[to], term: Term(term), body: body)
    }

    mutating func receive(from: Int, to: Int, term: UInt64, _ body: Message.Body) {
        step(to, .receive(message(from: from, to: to, term: term, body)))
    }

    /// Entries of one term that continue the log of a member.
    func entries(after place: Int, term: UInt64, count: Int, time: WallTime = .distantPast) -> [Entry] {
        var (position, hash) = (members[place].raft.lastPosition, members[place].raft.lastHash)
        return (0..<count).map { _ in
            position = LogPosition(term: Term(term), index: position.index.next)
            let entry = Entry(position: position, time: time, previousHash: hash, payload: .empty)
            hash = entry.hash
            return entry
        }
    }

    /// The point that the log of a member would have after so many more entries, as a snapshot of another knows it.
    func point(after place: Int, term: UInt64, count: Int) -> SnapshotPoint {
        let last = entries(after: place, term: term, count: count)[count - 1]
        return SnapshotPoint(
            position: last.position,
            hash: last.hash,
            time: last.time,
            configuration: Configuration(voters: ids)
        )
    }

    static func chunk(_ number: UInt64, of point: SnapshotPoint, isLast: Bool = false) -> Message.SnapshotChunk {
        let bytes = Array("chunk \(number)".utf8)
        return Message.SnapshotChunk(point: point, number: number, isLast: isLast, bytes: bytes, digest: .of(bytes))
    }

    /// What waits to be delivered, latest last.
    var bodies: [Message.Body] { mail.map(\.body) }
}
