import Consensus
import Kernel
import Storage
import Testing

@Suite("DataDirectory") struct DataDirectoryTests {
    let scratch: Scratch
    var path: String { scratch.path + "/deep/node" }

    init() throws { scratch = try Scratch() }

    @Test("compaction keeps what is not applied, and what it is told to")
    func compaction() throws {
        let data = try DataDirectory(path: path, owner: Samples.owner)
        try data.log.initialise(genesis: Samples.genesis, configuration: Samples.configuration)
        let entries = Samples.entries(count: 99)
        try data.log.write([Samples.write(1, entries)])
        func compact(before index: UInt64) throws -> LogIndex {
            try Compaction.prepare(before: LogIndex(index), state: data.state).run(on: data.log)
        }
        #expect(try compact(before: 90) == LogIndex(1))
        try data.state.write(applied: Samples.point(of: entries[48])) { $0.set([1], for: [1]) }
        #expect(try compact(before: 41) == LogIndex(41))
        #expect(try compact(before: 30) == LogIndex(41))
        #expect(try compact(before: 90) == LogIndex(51))
        let restored = try data.log.restore(appliedIndex: LogIndex(50), windowBytes: 1 << 20)
        #expect(restored.base == Samples.point(of: entries[48]))
        #expect(restored.entries == Array(entries[49...]))
    }

    @Test("a second process cannot open it")
    func inUse() throws {
        let data = try DataDirectory(path: path, owner: Samples.owner)
        #expect(throws: StorageError.inUse(path: path + "/log")) {
            try DataDirectory(path: path, owner: Samples.owner)
        }
        #expect(data.log.summary == nil)
    }

    @Test("another member cannot open it")
    func otherMember() throws {
        _ = try DataDirectory(path: path, owner: Samples.owner)
        let other = StoreOwner(lineage: Samples.owner.lineage, member: MemberID(high: 9, low: 9))
        #expect(
            throws: StorageError.wrongMember(path: path + "/log", expected: other.member, found: Samples.owner.member)
        ) {
            try DataDirectory(path: path, owner: other)
        }
    }

    @Test("a disk with too little room is refused")
    func lowDisk() throws {
        #expect { try DataDirectory(path: path, owner: Samples.owner, limits: .init(minimumFreeBytes: .max)) } throws: {
            guard case StorageError.lowDisk(_, _, .max) = $0 else { return false }
            return true
        }
    }

    @Test("a path that cannot be is refused with its name")
    func badPath() throws {
        #expect(throws: StorageError.openFailed(path: "/proc/nothing", reason: "No such file or directory")) {
            try DataDirectory(path: "/proc/nothing/here", owner: Samples.owner)
        }
    }
}
