import Consensus
import Kernel
import Storage
import Testing

@Suite("Snapshots through a data directory") struct SnapshotTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open(_ name: String, initialised: Bool = true) throws -> DataDirectory {
        let data = try DataDirectory(path: scratch.path + "/" + name, owner: Samples.owner)
        if initialised, data.log.summary == nil {
            try data.log.initialise(genesis: Samples.genesis, configuration: Samples.configuration)
        }
        return data
    }

    /// A state of some size at entry 40.
    private func source(pairs: Int = 500) throws -> DataDirectory {
        let data = try open("source")
        let entries = Samples.entries(count: 39)
        try data.log.write([Samples.write(1, entries, Samples.hardState(1, commit: 40))])
        try data.state.write(applied: Samples.point(of: entries[38])) { transaction in
            for number in 0..<UInt64(pairs) {
                var key: [UInt8] = []
                key.append(bigEndian: number)
                transaction.set([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 100), for: key)
            }
        }
        return data
    }

    private func chunks(_ data: DataDirectory, maxBytes: Int = 5000) throws -> [Message.SnapshotChunk] {
        let reader = try data.state.openSnapshot()
        var chunks: [Message.SnapshotChunk] = []
        while let chunk = try reader.chunk(UInt64(chunks.count), maxBytes: maxBytes) { chunks.append(chunk) }
        return chunks
    }

    private func contents(_ data: DataDirectory) throws -> [[UInt8]] {
        try data.state.read { view in
            var all: [[UInt8]] = []
            view.scan(prefix: []) { key, value in
                all += [key, value]
                return true
            }
            return all
        }
    }

    @Test("a state of another node arrives whole, and is there when opened again", arguments: [0, 1, 500])
    func transfer(_ pairs: Int) throws {
        let source = try source(pairs: pairs)
        let chunks = try chunks(source)
        #expect(chunks.map(\.isLast) == Array(repeating: false, count: chunks.count - 1) + [true])
        #expect(chunks.allSatisfy { $0.bytes.count <= 5000 })
        let point = try source.state.applied()
        do {
            let target = try open("target")
            try target.state.write(applied: Samples.point(of: Samples.genesis)) { $0.set([1], for: [200]) }
            for (number, chunk) in chunks.enumerated() {
                #expect(try target.stage(chunk) == UInt64(number + 1))
            }
            try target.installSnapshot(point)
            #expect(try contents(target) == contents(source))
            #expect(try target.state.applied() == point)
        }
        let target = try open("target", initialised: false)
        #expect(try contents(target) == contents(source))
        let restored = try target.log.restore(appliedIndex: try target.state.applied().position.index, windowBytes: 0)
        #expect(restored.base == point)
        try target.log.write([Samples.write(1, Samples.entries(after: Samples.entries(count: 39)[38], count: 2))])
        try target.state.write(applied: Samples.point(41)) { $0.set([7], for: [7]) }
    }

    @Test("a chunk can be read again, and the state may go on meanwhile")
    func rereading() throws {
        let source = try source()
        let reader = try source.state.openSnapshot()
        #expect(try reader.chunk(1, maxBytes: 5000) == nil)
        let first = try reader.chunk(0, maxBytes: 5000)
        let second = try reader.chunk(1, maxBytes: 5000)
        try source.state.write(applied: Samples.point(50)) { $0.remove([0, 0, 0, 0, 0, 0, 0, 1]) }
        #expect(try reader.chunk(0, maxBytes: 5000) == first)
        #expect(try reader.chunk(1, maxBytes: 5000) == second)
        #expect(reader.point.position.index == LogIndex(40))
    }

    @Test("wrong chunks are refused and harm nothing")
    func wrongChunks() throws {
        let chunks = try chunks(try source())
        let target = try open("target")
        func changed(
            _ chunk: Message.SnapshotChunk,
            number: UInt64? = nil,
            bytes: [UInt8]? = nil,
            point: SnapshotPoint? = nil
        )
            -> Message.SnapshotChunk
        {
            Message.SnapshotChunk(
                point: point ?? chunk.point,
                number: number ?? chunk.number,
                isLast: chunk.isLast,
                bytes: bytes ?? chunk.bytes,
                digest: bytes.map { .of($0) } ?? chunk.digest
            )
        }
        func refused(_ chunk: Message.SnapshotChunk, _ name: String) {
            #expect("\(name)") { _ = try target.stage(chunk) } throws: { error in
                guard case StorageError.badSnapshot = error else { return false }
                return true
            }
        }
        refused(chunks[1], "a chunk without the first")
        #expect(try target.stage(chunks[0]) == 1)
        refused(chunks[2], "a gap")
        refused(changed(chunks[1], point: Samples.point(99)), "another snapshot")
        refused(changed(chunks[1], bytes: chunks[0].bytes), "keys out of order")
        refused(changed(chunks[1], bytes: [0xFF]), "not a chunk")
        let torn = Message.SnapshotChunk(
            point: chunks[1].point,
            number: 1,
            isLast: false,
            bytes: chunks[1].bytes + [0],
            digest: chunks[1].digest
        )
        refused(torn, "another digest")
        #expect(throws: StorageError.self) { try target.installSnapshot(chunks[0].point) }
        for chunk in chunks[1...] { _ = try target.stage(chunk) }
        #expect(try target.stage(chunks[3]) == UInt64(chunks.count))
        #expect(throws: StorageError.self) { try target.installSnapshot(Samples.point(99)) }
        try target.installSnapshot(chunks[0].point)
    }

    @Test("chunk 0 starts over, also with other boundaries")
    func startOver() throws {
        let source = try source()
        let target = try open("target")
        for chunk in try chunks(source)[..<3] { _ = try target.stage(chunk) }
        let others = try chunks(source, maxBytes: 7777)
        for chunk in others { _ = try target.stage(chunk) }
        try target.installSnapshot(others[0].point)
        #expect(try contents(target) == contents(source))
    }

    @Test(
        "a crash before the log names the new state leaves the old one, after it the new one",
        arguments: [false, true]
    )
    func crash(_ isInstalled: Bool) throws {
        let source = try source()
        let states = scratch.path + "/target/state"
        do {
            let target = try open("target")
            try target.state.write(applied: Samples.point(of: Samples.genesis)) { $0.set([1], for: [200]) }
            for chunk in try chunks(source) { _ = try target.stage(chunk) }
            if isInstalled { try target.installSnapshot(try source.state.applied()) }
        }
        if isInstalled { _ = try StateStore(path: states + "/1", owner: Samples.owner) }
        #expect(Scratch.names(states) == ["1", "2"])
        let target = try open("target", initialised: false)
        #expect(Scratch.names(states) == [isInstalled ? "2" : "1"])
        #expect(try contents(target) == (isInstalled ? contents(source) : [[200], [1]]))
        let applied = try target.state.applied().position.index
        #expect(applied == (isInstalled ? LogIndex(40) : LogIndex(1)))
        _ = try target.log.restore(appliedIndex: applied, windowBytes: 0)
    }

    @Test("a view of the old state outlives the installation")
    func oldView() throws {
        let source = try source()
        let target = try open("target")
        try target.state.write(applied: Samples.point(of: Samples.genesis)) { $0.set([1], for: [200]) }
        let view = try target.state.openView()
        for chunk in try chunks(source) { _ = try target.stage(chunk) }
        try target.installSnapshot(try source.state.applied())
        #expect(view.value(for: [200]) == [1])
        #expect(Scratch.names(scratch.path + "/target/state") == ["2"])
    }
}
