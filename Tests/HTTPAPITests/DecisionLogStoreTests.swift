import Foundation
import Kernel
import Service
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Decision log store") struct DecisionLogStoreTests {
    let folder: TemporaryDirectory
    var directory: String { "\(folder.path)/log/deep" }

    init() throws { folder = try TemporaryDirectory() }

    static func entry(_ number: Int, action: String = "read", policies: [String] = []) -> DecisionLogEntry {
        DecisionLogEntry(
            time: WallTime(milliseconds: 1_000_000_000_000 + UInt64(number) * 1000),
            requestID: "r-\(number)",
            caller: nil,
            subject: .init(type: "Agent", id: "bot-\(number % 3)"),
            action: action,
            resource: .init(type: "Doc", id: "d"),
            isAllowed: number.isMultiple(of: 2),
            code: "c",
            policies: policies,
            revision: LogIndex(UInt64(number)),
            epoch: 0,
            ageMilliseconds: 1
        )
    }

    static func lines(_ numbers: some Sequence<Int>, policies: [String] = []) -> [UInt8] {
        numbers.reduce(into: []) { Self.entry($1, policies: policies).append(to: &$0) }
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }

    @Test("what was appended is in the file at once") func append() throws {
        let store = try DecisionLogStore(directory: directory)
        #expect(store.append(Self.lines(1...3)))
        #expect(try names() == ["decisions-00000000000000000001.jsonl"])
        let text = try String(contentsOfFile: "\(directory)/\(names()[0])", encoding: .utf8)
        #expect(Array(text.utf8) == Self.lines(1...3))
        #expect(store.writtenByteCount == UInt64(text.utf8.count))
    }

    @Test("files rotate by size and the oldest go") func rotation() throws {
        let store = try DecisionLogStore(directory: directory, limits: .init(fileByteCount: 1000, fileCount: 3))
        for number in 1...40 { #expect(store.append(Self.lines([number]))) }
        let names = try names()
        #expect(names.count == 3)
        #expect(names.last != "decisions-00000000000000000003.jsonl")
        for name in names {
            let size = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8).utf8.count
            #expect(size <= 1000)
        }
        let found = try DecisionLogSearch.run(directory: directory, filter: DecisionLogFilter(limit: 1000))
        #expect(found.last == Self.entry(40))
        #expect(found.map(\.revision.number) == found.map(\.revision.number).sorted())
    }

    @Test("a line longer than a file has a file of its own") func longLine() throws {
        let store = try DecisionLogStore(directory: directory, limits: .init(fileByteCount: 10, fileCount: 5))
        for number in 1...3 { #expect(store.append(Self.lines([number]))) }
        #expect(try names().count == 3)
    }

    @Test("another start goes on with the newest file, after what a crash left of a line") func restart() throws {
        _ = try DecisionLogStore(directory: directory).append(Self.lines([1]))
        let path = try "\(directory)/\(names()[0])"
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"time\":\"20".utf8))
        try handle.close()
        let store = try DecisionLogStore(directory: directory)
        #expect(store.append(Self.lines([2])))
        let found = try DecisionLogSearch.run(directory: directory, filter: DecisionLogFilter())
        #expect(found == [Self.entry(1), Self.entry(2)])
        #expect(try names().count == 1)
    }

    @Test(
        "a file that ends within a line is counted as long as it is, so that a failed write is cut back to its own start"
    )
    func tornCount() throws {
        _ = try DecisionLogStore(directory: directory).append(Self.lines([1]))
        let path = try "\(directory)/\(names()[0])"
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"time\":\"20".utf8))
        try handle.close()
        var file = try DecisionLogFile(directory: directory, number: 1)
        try file.append(Self.lines([2]))
        let byteCount = file.byteCount
        #expect(try Data(contentsOf: URL(filePath: path)).count == byteCount)
    }

    @Test("a disk that takes nothing is a failure, and one that takes again is none") func failure() throws {
        let store = try DecisionLogStore(directory: directory, limits: .init(fileByteCount: 1, fileCount: 3))
        #expect(store.append(Self.lines([1])))
        try FileManager.default.removeItem(atPath: directory)
        try folder.write("in the way", to: "log/deep")
        #expect(!store.append(Self.lines([2])))
        #expect(store.isFailing)
        #expect(store.failureCount == 1)
        try FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        #expect(store.append(Self.lines([3])))
        #expect(!store.isFailing)
        let found = try DecisionLogSearch.run(directory: directory, filter: DecisionLogFilter())
        #expect(found == [Self.entry(3)])
    }

    @Test("a full device takes nothing", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullDevice() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/decisions-00000000000000000001.jsonl",
            withDestinationPath: "/dev/full"
        )
        let store = try DecisionLogStore(directory: directory)
        #expect(!store.append(Self.lines([1])))
        #expect(store.isFailing)
    }

    @Test("a directory that cannot be made is an error that names it") func unusable() throws {
        try folder.write("a file", to: "log")
        let error = #expect(throws: DecisionLogError.self) { _ = try DecisionLogStore(directory: directory) }
        #expect(error?.description.contains(directory) == true)
    }

    @Test("a write that takes too long does not count") func patience() throws {
        let store = try DecisionLogStore(
            directory: directory,
            limits: .init(patience: Kernel.Span(microseconds: 0))
        )
        // A megabyte takes longer than a microsecond.
        #expect(!store.append([UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 20)))
    }
}

@Suite("Decision log search") struct DecisionLogSearchTests {
    let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        let store = try DecisionLogStore(directory: folder.path, limits: .init(fileByteCount: 2000, fileCount: 100))
        for number in 1...100 { _ = store.append(DecisionLogStoreTests.lines([number])) }
    }

    func numbers(_ filter: DecisionLogFilter) throws -> [Int] {
        try DecisionLogSearch.run(directory: folder.path, filter: filter).map { Int($0.revision.number) }
    }

    @Test("the newest that match, oldest first") func newest() throws {
        #expect(folder.files.count > 5)
        #expect(try numbers(DecisionLogFilter(limit: 3)) == [98, 99, 100])
        #expect(try numbers(DecisionLogFilter(limit: 1000)) == Array(1...100))
        #expect(try numbers(DecisionLogFilter(isAllowed: false, limit: 2)) == [97, 99])
        #expect(try numbers(DecisionLogFilter(subject: "agent/bot-0", limit: 2)) == [96, 99])
        #expect(try numbers(DecisionLogFilter(requestID: "r-7")) == [7])
        #expect(try numbers(DecisionLogFilter(subject: "nobody")).isEmpty)
        #expect(try numbers(DecisionLogFilter(limit: 0)).isEmpty)
    }

    @Test("an entry of thousands of policies is found") func long() throws {
        let store = try DecisionLogStore(directory: folder.path, limits: .init(fileByteCount: 2000, fileCount: 100))
        let policies = (0..<20_000).map { "\(String(repeating: "s", count: 120))/policy\($0)" }
        #expect(store.append(DecisionLogStoreTests.lines([101], policies: policies)))
        #expect(try numbers(DecisionLogFilter(limit: 1)) == [101])
    }

    @Test("since a time") func since() throws {
        let filter = DecisionLogFilter(since: DecisionLogStoreTests.entry(60).time, limit: 1000)
        #expect(try numbers(filter) == Array(60...100))
    }

    @Test("what is no entry is passed over, and other files are left alone") func foreign() throws {
        try folder.write("not a log", to: "notes.txt")
        let last = try #require(folder.files.last { $0.hasPrefix("decisions-") })
        try folder.write(try "\n{}\n[1,\n\n" + folder.text(of: last) + "{\"time\":", to: last)
        #expect(try numbers(DecisionLogFilter(limit: 2)) == [99, 100])
    }

    @Test("a directory that is not there is an error") func missing() {
        #expect(throws: DecisionLogError.self) {
            _ = try DecisionLogSearch.run(directory: "\(folder.path)/none", filter: DecisionLogFilter())
        }
    }
}
