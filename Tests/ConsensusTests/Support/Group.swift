import Consensus
import Kernel

/// Members on virtual disks and a virtual network, driven by hand or by a seeded schedule.
///
/// It checks as it goes what must hold of every run: one leader a term, and one entry an index that anybody applies.
struct Group {
    static let lineage = Lineage(high: 7, low: 7)

    struct Member {
        var raft: RaftNode
        var disk: Disk
        /// Issued and not yet durable.
        var writes: [LogWrite] = []
        var held: [(message: Message, after: LogWrite.ID)] = []
        var durable = LogWrite.ID(0)
        /// The state machine: indexes and hashes of what was applied.
        var state: [Entry]
        var applying: [Entry] = []
        var staged: SnapshotPoint?
        var refusals: [RaftNode.Refusal] = []
    }

    struct Disk {
        var hardState: HardState
        var base: SnapshotPoint
        var entries: [Entry]
    }

    let ids: [MemberID]
    let options: RaftOptions
    var members: [Member] = []
    var mail: [Message] = []
    var now = Instant.zero
    /// Everything that any member has applied, by index from 1.
    var committed: [Entry] = []
    var leaders: [Term: MemberID] = [:]
    var violations: [String] = []
    var appends: [Message] = []

    static func id(_ number: Int) -> MemberID { MemberID(high: UInt64(number) << 32, low: 0) }

    init(_ count: Int, options: RaftOptions = RaftOptions()) {
        ids = (1...count).map(Self.id)
        self.options = options
        let first = Entry(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            time: .distantPast,
            previousHash: .zero,
            payload: .empty
        )
        committed = [first]
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: ids)
        )
        let hardState = HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1))
        for place in ids.indices {
            let disk = Disk(hardState: hardState, base: base, entries: [first])
            members.append(Member(raft: Self.start(ids[place], disk, applied: [first], options, now), disk: disk, state: [first]))
        }
    }

    private static func start(
        _ id: MemberID,
        _ disk: Disk,
        applied: [Entry],
        _ options: RaftOptions,
        _ now: Instant
    ) -> RaftNode {
        let restored = RestoredLog(
            hardState: disk.hardState,
            base: disk.base,
            entries: disk.entries,
            firstIndex: disk.base.position.index.next
        )
        return RaftNode(
            id: id,
            lineage: lineage,
            configuration: disk.base.configuration,
            options: options,
            restored: restored,
            applied: applied.last?.index ?? disk.base.position.index,
            seed: id.high ^ now.microseconds,
            at: now
        )
    }

    mutating func step(_ place: Int, _ input: RaftNode.Input) {
        let effects = members[place].raft.step(input, at: now)
        for effect in effects { carry(effect, at: place) }
        if members[place].raft.role == .leader { noteLeader(place) }
    }

    private mutating func noteLeader(_ place: Int) {
        let term = members[place].raft.term
        if let other = leaders[term], other != ids[place] { violations.append("\(other) and \(ids[place]) lead \(term)") }
        leaders[term] = ids[place]
    }

    private mutating func carry(_ effect: RaftNode.Effect, at place: Int) {
        switch effect {
        case .persist(let write): members[place].writes.append(write)
        case .send(let message, let after):
            if case .append = message.body { appends.append(message) }
            if let after, after > members[place].durable {
                members[place].held.append((message, after))
            } else {
                mail.append(message)
            }
        case .apply(let entries): members[place].applying = entries
        case .refused(_, let refusal): members[place].refusals.append(refusal)
        case .readEntries(let peer, let index, _): readEntries(place, peer, index)
        case .readSnapshot(let peer, _, let number): readSnapshot(place, peer, number)
        case .stageSnapshot(let chunk):
            members[place].staged = chunk.point
            step(place, .snapshotStaged(chunk.point.position, nextChunk: chunk.number + 1))
        case .installSnapshot(let point): install(point, at: place)
        case .accepted, .roleChanged, .note: break
        }
    }

    private mutating func readEntries(_ place: Int, _ peer: MemberID, _ index: LogIndex) {
        let disk = members[place].disk
        guard index > disk.base.position.index else {
            return step(place, .entriesRead(for: peer, previous: nil, entries: []))
        }
        let offset = Int(index.number - disk.base.position.index.number - 1)
        let previous = offset == 0 ? disk.base.position : disk.entries[offset - 1].position
        let found = Array(disk.entries[offset...].prefix(3))
        step(place, .entriesRead(for: peer, previous: previous, entries: found))
    }

    /// Three chunks of the applied state, whose bytes are beside the point here.
    private mutating func readSnapshot(_ place: Int, _ peer: MemberID, _ number: UInt64) {
        let last = members[place].state[members[place].state.count - 1]
        let point = SnapshotPoint(
            position: last.position,
            hash: last.hash,
            time: last.time,
            configuration: Configuration(voters: ids)
        )
        let bytes = [UInt8(number)]
        let chunk = Message.SnapshotChunk(
            point: point,
            number: number,
            isLast: number == 2,
            bytes: bytes,
            digest: .of(bytes)
        )
        step(place, .snapshotRead(for: peer, chunk))
    }

    private mutating func install(_ point: SnapshotPoint, at place: Int) {
        guard members[place].staged == point else { return violations.append("installs what is not staged") }
        // A state store does one thing after the other.
        apply(place)
        // What was written before the log is replaced is replaced with it.
        members[place].disk.base = point
        members[place].disk.entries = []
        members[place].writes = members[place].writes.map { LogWrite(id: $0.id, hardState: $0.hardState, entries: []) }
        members[place].state = Array(committed.prefix(Int(point.position.index.number)))
        step(place, .snapshotInstalled(point))
    }

    /// The oldest write of the member becomes durable.
    mutating func sync(_ place: Int) {
        guard !members[place].writes.isEmpty else { return }
        let write = members[place].writes.removeFirst()
        if let hardState = write.hardState { members[place].disk.hardState = hardState }
        if let first = write.entries.first {
            let kept = members[place].disk.entries.prefix { $0.index < first.index }
            members[place].disk.entries = kept + write.entries
        }
        members[place].durable = write.id
        let released = members[place].held.filter { $0.after <= write.id }.map(\.message)
        members[place].held.removeAll { $0.after <= write.id }
        mail += released
        step(place, .persisted(write.id, last: write.entries.last?.position ?? .zero))
    }

    mutating func apply(_ place: Int) {
        let entries = members[place].applying
        guard let last = entries.last else { return }
        members[place].applying = []
        for entry in entries { checkApplied(entry, at: place) }
        members[place].state += entries
        step(place, .applied(through: last.index))
    }

    private mutating func checkApplied(_ entry: Entry, at place: Int) {
        let offset = Int(entry.index.number) - 1
        if offset < committed.count {
            if committed[offset].hash != entry.hash { violations.append("\(ids[place]) applies another \(entry.position)") }
            return
        }
        committed.append(entry)
        let holders = members.count { member in member.disk.entries.contains { $0.hash == entry.hash } || member.disk.base.position.index >= entry.index }
        if holders <= ids.count / 2 { violations.append("\(entry.position) is applied, durable on \(holders)") }
    }

    /// The process dies and comes back: what was not durable is gone.
    mutating func crash(_ place: Int) {
        let member = members[place]
        let raft = Self.start(ids[place], member.disk, applied: member.state, options, now)
        members[place] = Member(raft: raft, disk: member.disk, state: member.state)
    }

    /// Drops the log up to what is applied.
    mutating func compact(_ place: Int) {
        let member = members[place]
        guard let last = member.state.last, last.index <= (member.disk.entries.last?.index ?? .zero) else { return }
        members[place].disk.base = SnapshotPoint(
            position: last.position,
            hash: last.hash,
            time: last.time,
            configuration: Configuration(voters: ids)
        )
        members[place].disk.entries.removeAll { $0.index <= last.index }
        step(place, .compacted(firstIndex: last.index.next))
    }

    mutating func deliver(_ position: Int) {
        let message = mail.remove(at: position)
        guard let place = ids.firstIndex(of: message.to) else { return }
        step(place, .receive(message))
    }

    /// Everything that can happen without time passing happens, in order.
    mutating func settle(except isCut: (Message) -> Bool = { _ in false }) {
        for _ in 0..<10_000 {
            if let place = members.indices.first(where: { !members[$0].writes.isEmpty }) {
                sync(place)
            } else if let place = members.indices.first(where: { !members[$0].applying.isEmpty }) {
                apply(place)
            } else if !mail.isEmpty {
                if isCut(mail[0]) { mail.removeFirst() } else { deliver(0) }
            } else {
                return
            }
        }
        violations.append("never settles")
    }

    /// Lets time pass, waking whoever is due.
    mutating func pass(_ span: Span, except isCut: (Message) -> Bool = { _ in false }) {
        let end = now.advanced(by: span)
        while let due = members.compactMap(\.raft.nextWake).min(), due <= end {
            now = max(now, due)
            for place in members.indices where members[place].raft.nextWake.map({ $0 <= now }) == true { step(place, .wake) }
            settle(except: isCut)
        }
        now = end
    }

    mutating func elect(_ place: Int = 0) {
        for _ in 0..<20 where members[place].raft.role != .leader {
            pass(.milliseconds(200))
            if let other = members.indices.first(where: { members[$0].raft.role == .leader && $0 != place }) {
                step(other, .transferLeadership(to: ids[place]))
                settle()
            }
        }
        pass(.milliseconds(200))
    }

    mutating func propose(_ text: String, at place: Int) {
        let proposal = RaftNode.Proposal(
            id: RaftNode.ProposalID(UInt64(text.hashValue.magnitude)),
            time: WallTime(milliseconds: now.microseconds / 1000),
            payload: Array(text.utf8)
        )
        step(place, .propose([proposal]))
    }

    func isCut(_ isolated: Set<Int>) -> (Message) -> Bool {
        let cut = Set(isolated.map { ids[$0] })
        return { cut.contains($0.from) != cut.contains($0.to) }
    }

    func leader() -> Int? {
        members.indices.filter { members[$0].raft.role == .leader }.max { members[$0].raft.term < members[$1].raft.term }
    }

    func commands(at place: Int) -> [String] {
        members[place].state.compactMap { entry in
            if case .command(let bytes) = entry.payload { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }
}
