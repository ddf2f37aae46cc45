import CDiskFaults
import Consensus
import Glibc
import Kernel
import Storage

/// Writes to a data directory and says on standard output what was acknowledged, a line each, for tests that kill it or
/// fail its disk:
///
///     StorageWriter write PATH SEED          until killed
///     StorageWriter sync-error PATH SEED     with a disk that once does not confirm
///     StorageWriter state-error PATH COUNT   with a disk that confirms so many writes of the state, and then one not
///     StorageWriter disk-full PATH SEED      with a disk that is full for a while
///     StorageWriter measure PATH ENTRIES     see `LogMeasure`, which runs `StorageWriter open PATH 0`
@main struct StorageWriter {
    private let data: DataDirectory
    private var random: SeededRandom
    private var nextWrite: UInt64 = 0

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seed = UInt64(arguments[3]) else {
            print("usage: StorageWriter write|sync-error|state-error|disk-full|measure PATH SEED|COUNT|ENTRIES")
            exit(2)
        }
        if arguments[1] == "open" { return try LogMeasure(path: arguments[2]).open() }
        if arguments[1] == "measure" { return try measure(arguments[2], entries: Int(clamping: seed)) }
        var writer = try StorageWriter(path: arguments[2], seed: seed)
        switch arguments[1] {
        case "write": while true { try writer.writeSomething() }
        case "sync-error": try writer.meetSyncError()
        case "state-error": try writer.meetStateError(after: Int32(clamping: seed))
        case "disk-full": try writer.meetFullDisk()
        default: exit(2)
        }
    }

    private static func measure(_ path: String, entries: Int) throws {
        let faults = try LogMeasure(path: path).run(entries: entries)
        for fault in faults { print("MISSED: \(fault)") }
        guard faults.isEmpty else { exit(1) }
        print("met: neither time nor memory of a start grows with the log")
    }

    private init(path: String, seed: UInt64) throws {
        data = try Self.open(path)
        random = SeededRandom(seed: seed)
        report("open \(data.log.summary?.last.index.number ?? 0)")
    }

    /// Opens a data directory, or lays out an empty one with a log of one entry.
    static func open(_ path: String) throws -> DataDirectory {
        let data = try DataDirectory(path: path, owner: owner)
        if data.log.summary == nil { try data.log.initialise(genesis: genesis, configuration: configuration) }
        return data
    }

    private mutating func writeSomething() throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: try vote()
        case 1, 2: try apply()
        case 3: try compact()
        default: try append(1 + Int.random(in: 0..<16, using: &random))
        }
    }

    private mutating func write(_ entries: [Entry], _ hardState: HardState?) throws(StorageError) {
        nextWrite += 1
        try data.log.write([LogWrite(id: LogWrite.ID(nextWrite), hardState: hardState, entries: entries)])
    }

    private mutating func following(_ count: Int) -> [Entry] {
        guard let summary = data.log.summary else { return [] }
        var previous = summary.end
        return (0..<count).map { _ in
            let bytes = [UInt8](
                repeating: .random(in: 0...255, using: &random),
                count: Int.random(in: 0..<900, using: &random)
            )
            let entry = Entry(
                position: LogPosition(term: summary.hardState.term, index: previous.position.index.next),
                time: WallTime(milliseconds: 1000),
                previousHash: previous.hash,
                payload: .command(bytes)
            )
            previous = LogEnd(entry)
            return entry
        }
    }

    private mutating func append(_ count: Int) throws {
        let entries = following(count)
        guard let summary = data.log.summary, let last = entries.last else { return }
        let old = summary.hardState
        // What was durable before is committed now.
        try write(entries, HardState(term: old.term, vote: old.vote, commitIndex: summary.last.index))
        report("entry \(last.index.number) \(last.hash.hex)")
    }

    private mutating func vote() throws {
        guard let old = data.log.summary?.hardState else { return }
        try write([], HardState(term: old.term.next, vote: Self.owner.member, commitIndex: old.commitIndex))
        report("term \(old.term.number + 1)")
    }

    private mutating func apply() throws {
        guard let committed = data.log.summary?.hardState.commitIndex else { return }
        let applied = try data.state.applied().position.index
        guard committed > applied, let entry = try data.log.entries(from: committed, maxBytes: 1)?.entries.first else {
            return
        }
        try apply(entry)
        report("applied \(committed.number)")
    }

    private func apply(_ entry: Entry) throws(StorageError) {
        let point = SnapshotPoint(
            position: entry.position,
            hash: entry.hash,
            time: entry.time,
            configuration: Self.configuration
        )
        try data.state.write(applied: point) { transaction in
            transaction.set(entry.hash.bytes, for: [UInt8(truncatingIfNeeded: entry.index.number)])
        }
    }

    private mutating func compact() throws {
        let applied = try data.state.applied().position.index.number
        guard applied > 40 else { return }
        let first = try Compaction.prepare(before: LogIndex(applied - 40), state: data.state).run(on: data.log)
        report("first \(first.number)")
    }

    /// A store whose disk did not confirm a write takes no other, not even the same one again, though the disk seems to
    /// work: what it did not confirm may be lost, and it will not say so twice.
    private mutating func meetSyncError() throws {
        try append(5)
        disk_faults_fail_syncs(0, 1)
        report("failed \(outcome(of: following(3)))")
        report("again \(outcome(of: following(3)))")
        report("last \(data.log.summary?.last.index.number ?? 0)")
    }

    /// What an entry does to the state is there if and only if the state says so, wherever its write ends.
    private mutating func meetStateError(after syncs: Int32) throws {
        let entries = following(1)
        try write(entries, nil)
        disk_faults_fail_syncs(syncs, 1)
        report("state \(outcome(ofApplying: entries[0]))")
    }

    /// A store whose disk is full goes on once there is room.
    private mutating func meetFullDisk() throws {
        try append(5)
        disk_faults_fill_disk(1)
        let entries = following(3)
        for _ in 0..<3 { report("failed \(outcome(of: entries))") }
        disk_faults_fill_disk(0)
        report("again \(outcome(of: entries))")
        // The state's store does not know what a write that met the full disk in its midst took with it.
        disk_faults_fill_disk(1)
        report("state \(outcome(ofApplying: entries[0]))")
        disk_faults_fill_disk(0)
        report("state \(outcome(ofApplying: entries[0]))")
        report("last \(data.log.summary?.last.index.number ?? 0)")
    }

    private mutating func outcome(of entries: [Entry]) -> String {
        do throws(StorageError) {
            try write(entries, nil)
            return "written"
        } catch {
            return Self.word(for: error)
        }
    }

    private func outcome(ofApplying entry: Entry) -> String {
        do throws(StorageError) {
            try apply(entry)
            return "written"
        } catch {
            return Self.word(for: error)
        }
    }

    private static func word(for error: StorageError) -> String {
        switch error {
        case .syncFailed: "syncFailed"
        case .diskFull: "diskFull"
        default: "\(error)"
        }
    }

    /// Without a buffer in this process: what is said has been said, whatever happens next.
    private func report(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe Glibc.write(1, bytes, bytes.count)
    }

    static let owner = StoreOwner(lineage: Lineage(high: 1, low: 2), member: MemberID(high: 3, low: 4))
    static let configuration = Configuration(voters: [owner.member, MemberID(high: 5, low: 6)])
    static let genesis = Entry(
        position: LogPosition(term: Term(1), index: LogIndex(1)),
        time: WallTime(milliseconds: 1000),
        previousHash: .zero,
        payload: .command([1])
    )
}
