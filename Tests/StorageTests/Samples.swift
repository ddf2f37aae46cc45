import Consensus
import Kernel
import Storage

/// A member of a small cluster and the entries of its log.
enum Samples {
    static let owner = StoreOwner(lineage: Lineage(high: 1, low: 2), member: MemberID(high: 3, low: 4))
    static let configuration = Configuration(voters: [owner.member, MemberID(high: 5, low: 6)])
    static let change = ConfigurationChange([.addLearner(MemberID(high: 7, low: 8))], transition: .implicit)
    static let genesis = Entry(
        position: LogPosition(term: Term(1), index: LogIndex(1)),
        time: WallTime(milliseconds: 1000),
        previousHash: .zero,
        payload: .command([1])
    )

    /// Entries that follow `previous`, in one term, each with a payload of its own.
    static func entries(
        after previous: Entry = genesis,
        count: Int,
        term: UInt64 = 1,
        payloadBytes: Int = 20
    ) -> [Entry] {
        var entries: [Entry] = []
        var previous = previous
        for _ in 0..<count {
            let index = previous.index.next
            var payload: [UInt8] = []
            payload.append(bigEndian: index.number)
            payload.append(bigEndian: term)
            payload += [UInt8](repeating: UInt8(truncatingIfNeeded: index.number), count: max(payloadBytes - 16, 0))
            let entry = Entry(
                position: LogPosition(term: Term(term), index: index),
                time: WallTime(milliseconds: 1000 + index.number),
                previousHash: previous.hash,
                payload: index.number.isMultiple(of: 7)
                    ? .empty
                    : index.number.isMultiple(of: 5) ? .configuration(change, command: payload) : .command(payload)
            )
            entries.append(entry)
            previous = entry
        }
        return entries
    }

    static func key(_ index: UInt64) -> [UInt8] {
        var key: [UInt8] = []
        key.append(bigEndian: index)
        return key
    }

    /// A record of the same place with a good checksum, whose time is another: a whole entry of another history.
    static func foreignRecord(like record: [UInt8]) -> [UInt8] {
        var body = Array(record.dropFirst(4))
        body[23] ^= 1
        var record: [UInt8] = []
        record.append(bigEndian: CRC32C.checksum(body))
        return record + body
    }

    static func write(_ id: UInt64, _ entries: [Entry], _ hardState: HardState? = nil) -> LogWrite {
        LogWrite(id: LogWrite.ID(id), hardState: hardState, entries: entries)
    }

    static func hardState(_ term: UInt64, commit: UInt64, vote: MemberID? = nil) -> HardState {
        HardState(term: Term(term), vote: vote, commitIndex: LogIndex(commit))
    }

    static func point(_ index: UInt64, term: UInt64 = 1) -> SnapshotPoint {
        SnapshotPoint(
            position: LogPosition(term: Term(term), index: LogIndex(index)),
            hash: .of([UInt8(truncatingIfNeeded: index)]),
            time: WallTime(milliseconds: index),
            configuration: configuration
        )
    }

    static func point(of entry: Entry) -> SnapshotPoint {
        SnapshotPoint(position: entry.position, hash: entry.hash, time: entry.time, configuration: configuration)
    }
}

extension LogStore {
    /// A log with the first entry alone.
    static func fresh(_ path: String, limits: Limits = .init()) throws -> LogStore {
        let log = try LogStore(path: path, owner: Samples.owner, limits: limits)
        try log.initialise(genesis: Samples.genesis, configuration: Samples.configuration)
        return log
    }

    static func reopened(_ path: String, limits: Limits = .init()) throws -> LogStore {
        try LogStore(path: path, owner: Samples.owner, limits: limits)
    }

    /// As a state at this entry would have it.
    func restore(
        appliedIndex: LogIndex,
        windowBytes: Int,
        maxUnappliedBytes: Int = .max
    ) throws -> RestoredLog {
        let base = summary?.base
        let entry =
            appliedIndex == base?.position.index ? nil : try entries(from: appliedIndex, maxBytes: 1)?.entries.first
        let point = entry.map { Samples.point(of: $0) }
        return try restore(
            applied: point ?? (appliedIndex == base?.position.index ? base : nil) ?? Samples.point(appliedIndex.number),
            windowBytes: windowBytes,
            maxUnappliedBytes: maxUnappliedBytes
        )
    }

    /// Everything that the log holds.
    func all() throws -> [Entry] {
        guard let first = summary?.firstIndex else { return [] }
        return try entries(from: first, maxBytes: .max)?.entries ?? []
    }
}
