import Consensus
import Kernel

extension Group {
    /// The oldest write of the member becomes durable, and what waited for it is sent.
    mutating func sync(_ place: Int) {
        guard !members[place].writes.isEmpty else { return }
        let write = members[place].writes.removeFirst()
        members[place].disk.apply(write)
        members[place].durable = write.id
        for (message, after) in members[place].held where after <= write.id { post(message) }
        members[place].held.removeAll { $0.after <= write.id }
        step(place, .persisted(write.id, last: write.entries.last?.position ?? .zero))
    }

    /// The batch that the member was given reaches its state machine.
    mutating func apply(_ place: Int) {
        let entries = members[place].applying
        guard let last = entries.last else { return }
        members[place].applying = []
        var refused: [LogIndex] = []
        for entry in entries {
            if case .configuration(let change, let command) = entry.payload {
                if command == Array("refuse".utf8) {
                    refused.append(entry.index)
                    checker.refusedChanges += 1
                } else {
                    members[place].configuration = members[place].configuration.applying(change)
                }
                checker.changed(members[place].configuration, at: entry.index)
            }
            checker.applied(entry, after: members[place].state.last, on: ids[place], members[place].disk)
            members[place].state.append(entry)
        }
        step(place, .applied(through: last.index, refusedChanges: refused))
    }

    /// The oldest piece of other work is done.
    mutating func work(_ place: Int) {
        guard !members[place].work.isEmpty else { return }
        switch members[place].work.removeFirst() {
        case .readEntries(let peer, let index, _): readEntries(place, peer, index)
        case .readSnapshot(let peer, let position, let number): readSnapshot(place, peer, position, number)
        case .stageSnapshot(let chunk) where chunk.number > 0 && full.contains(place):
            step(place, .snapshotStaged(chunk.point.position, nextChunk: 0))
        case .stageSnapshot(let chunk):
            if chunk.number == 0 { members[place].staged = [] }
            members[place].staged.append(chunk)
            step(place, .snapshotStaged(chunk.point.position, nextChunk: chunk.number + 1))
        case .installSnapshot(let point): install(point, at: place)
        default: break
        }
    }

    private mutating func readEntries(_ place: Int, _ peer: MemberID, _ index: LogIndex) {
        if peer == ids[place] { ownReads += 1 } else { reads += 1 }
        let disk = members[place].disk
        guard index > disk.base.position.index else {
            return step(place, .entriesRead(for: peer, previous: nil, entries: []))
        }
        let offset = Int(index.number - disk.base.position.index.number - 1)
        let previous = offset == 0 ? disk.base.position : disk.entries[offset - 1].position
        let found = Array(disk.entries[offset...].prefix(3))
        step(place, .entriesRead(for: peer, previous: previous, entries: found))
    }

    private mutating func readSnapshot(_ place: Int, _ peer: MemberID, _ position: LogPosition?, _ number: UInt64) {
        if number == 0 { members[place].openSnapshots[peer] = appliedPoint(of: place) }
        guard hasSnapshots, let point = members[place].openSnapshots[peer],
            position == nil || position == point.position
        else {
            return step(place, .snapshotRead(for: peer, nil))
        }
        let bytes = Array("chunk \(number) of \(point.position)".utf8)
        let chunk = Message.SnapshotChunk(
            point: point,
            number: number,
            isLast: number == chunkCount - 1,
            bytes: bytes,
            digest: .of(bytes)
        )
        step(place, .snapshotRead(for: peer, number < chunkCount ? chunk : nil))
    }

    private mutating func install(_ point: SnapshotPoint, at place: Int) {
        let member = members[place]
        let isWhole =
            member.staged.map(\.number) == Array(0..<chunkCount) && member.staged.allSatisfy { $0.point == point }
        if !isWhole { checker.violations.append("\(ids[place]) installs a snapshot that is not whole") }
        if !member.applying.isEmpty || member.writes.contains(where: { !$0.entries.isEmpty }) {
            checker.violations.append("\(ids[place]) installs a snapshot under work on its log")
        }
        installs += 1
        members[place].staged = []
        members[place].disk.replace(by: point)
        members[place].memory.replace(by: point)
        members[place].configuration = point.configuration
        members[place].state = Array(checker.committed.prefix(Int(point.position.index.number)))
        step(place, .snapshotInstalled(point))
    }

    /// Where the member's state machine stands.
    func appliedPoint(of place: Int) -> SnapshotPoint {
        guard let last = members[place].state.last else { return members[place].disk.base }
        return SnapshotPoint(
            position: last.position,
            hash: last.hash,
            time: last.time,
            configuration: members[place].configuration
        )
    }

    /// Drops the log up to what is applied.
    mutating func compact(_ place: Int) {
        let point = appliedPoint(of: place)
        let member = members[place]
        guard point.position.index > member.disk.base.position.index,
            member.work.allSatisfy({ if case .installSnapshot = $0 { false } else { true } })
        else { return }
        members[place].disk.compact(to: point)
        members[place].memory.compact(to: point)
        step(place, .compacted(firstIndex: point.position.index.next))
    }
}
