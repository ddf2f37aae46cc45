import Consensus
import Kernel
import Storage
import Testing

@Suite("A data directory whose process is killed, or whose disk fails", .serialized) struct CrashTests {
    let scratch: Scratch
    var path: String { scratch.path + "/node" }

    init() throws { scratch = try Scratch() }

    /// The last that was acknowledged of each kind, over all processes.
    private struct Acknowledged {
        var last: UInt64 = 0
        var hashes: [UInt64: String] = [:]
        var term: UInt64 = 0
        var applied: UInt64 = 0
        var compactions = 0

        mutating func read(_ lines: [[String]]) {
            for line in lines {
                guard line.count > 1, let number = UInt64(line[1]) else { continue }
                switch line[0] {
                case "entry":
                    last = number
                    hashes[number] = line[2]
                case "term": term = number
                case "applied": applied = number
                case "first": compactions += 1
                default: break
                }
            }
        }
    }

    @Test("sixty kill -9 lose nothing that was acknowledged, and leave nothing damaged", arguments: [1, 2] as [UInt64])
    func kills(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var acknowledged = Acknowledged()
        for round in 0..<30 as Range<UInt64> {
            let writer = try WriterProcess("write", path: path, seed: random.next())
            acknowledged.read(try writer.killAfter(lines: Int.random(in: 1...60, using: &random)))
            try check(acknowledged, "seed \(seed), round \(round)")
        }
        #expect(acknowledged.hashes.count > 200)
        #expect(acknowledged.compactions > 0)
        #expect(acknowledged.applied > 100)
    }

    private func check(_ acknowledged: Acknowledged, _ name: String) throws {
        let data = try DataDirectory(path: path, owner: Samples.owner)
        let summary = try #require(data.log.summary)
        let applied = try data.state.applied()
        #expect(summary.last.index.number >= acknowledged.last, "\(name)")
        #expect(summary.hardState.term.number >= acknowledged.term, "\(name)")
        #expect(applied.position.index.number >= acknowledged.applied, "\(name)")
        #expect(try data.log.scrub(from: .zero, maxBytes: .max).damage == [], "\(name)")
        #expect(try data.log.cutDamagedTail(after: applied, isOnlyVoter: false) == nil, "\(name)")
        _ = try data.log.restore(applied: applied, windowBytes: 10_000)
        for entry in try data.log.all() {
            guard let hash = acknowledged.hashes[entry.index.number] else { continue }
            #expect(entry.hash.hex == hash, "\(name), entry \(entry.index)")
        }
    }

    @Test("a sync that failed ends all writing, and what was acknowledged before is there")
    func syncError() throws {
        let lines = try WriterProcess("sync-error", path: path, seed: 1).finish()
        #expect(lines.contains(["failed", "syncFailed"]), "\(lines)")
        #expect(lines.contains(["again", "syncFailed"]), "\(lines)")
        #expect(lines.last == ["last", "6"], "\(lines)")
        var acknowledged = Acknowledged()
        acknowledged.read(lines)
        #expect(acknowledged.last == 6)
        try check(acknowledged, "after the sync error")
    }

    @Test("an entry's effect on the state and the position that tells of it are there together or not at all")
    func stateError() throws {
        var positions: [UInt64] = []
        for syncs in 0..<3 as Range<UInt64> {
            let path = path + "\(syncs)"
            let lines = try WriterProcess("state-error", path: path, seed: syncs).finish()
            #expect(lines.last == ["state", syncs == 0 ? "syncFailed" : "written"], "\(lines)")
            let state = try DataDirectory(path: path, owner: Samples.owner).state
            positions.append(try state.applied().position.index.number)
            #expect(try state.read { $0.value(for: [2]) != nil } == (positions.last == 2), "\(syncs) confirmed")
        }
        #expect(positions == [0, 2, 2])
    }

    @Test("a full disk refuses writes, and takes the same ones when there is room")
    func fullDisk() throws {
        let lines = try WriterProcess("disk-full", path: path, seed: 1).finish()
        #expect(lines.count { $0 == ["failed", "diskFull"] } == 3, "\(lines)")
        #expect(lines.contains(["again", "written"]), "\(lines)")
        #expect(lines.count { $0 == ["state", "syncFailed"] } == 2, "\(lines)")
        #expect(lines.last == ["last", "9"], "\(lines)")
        var acknowledged = Acknowledged()
        acknowledged.read(lines)
        try check(acknowledged, "after the full disk")
    }
}
