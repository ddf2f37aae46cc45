import Kernel
import Storage
import Testing

@Suite("Statements beside the log") struct KeptStatementTests {
    private let scratch: Scratch
    private var path: String { scratch.path + "/log" }

    init() throws { scratch = try Scratch() }

    private func kept(_ number: UInt8) -> LogStore.KeptStatement {
        .init(id: .of([number]), bytes: [UInt8](repeating: number, count: 300))
    }

    @Test("what is kept is there after it is opened again, until it is forgotten, and is no part of the log")
    func reopened() throws {
        let all = (1...9).map { kept($0) }.sorted { $0.id < $1.id }
        do {
            let log = try LogStore.fresh(path)
            let last = log.summary?.last
            try log.keep(all)
            try log.keep([all[3]])
            #expect(log.summary?.last == last)
        }
        do {
            let log = try LogStore.reopened(path)
            #expect(try log.keptStatements() == all)
            try log.forget([all[0].id, all[8].id, .zero])
        }
        #expect(try LogStore.reopened(path).keptStatements() == Array(all[1..<8]))
    }

    @Test("a log that is replaced by a snapshot keeps them")
    func reset() throws {
        let log = try LogStore.fresh(path)
        try log.keep([kept(1)])
        try log.reset(to: Samples.point(5), stateGeneration: 2)
        #expect(try log.keptStatements() == [kept(1)])
    }

    @Test("one that does not read back is an error, not one less")
    func damaged() throws {
        do { try LogStore.fresh(path).keep([kept(1)]) }
        try Scratch.tamper(path, table: "statements") { transaction, table in
            let pair = try #require(try transaction.first(atOrAfter: [], in: table))
            var value = pair.value
            value[20] ^= 1
            try transaction.put(value, for: pair.key, in: table)
        }
        let log = try LogStore.reopened(path)
        #expect(throws: StorageError.self) { try log.keptStatements() }
    }
}
