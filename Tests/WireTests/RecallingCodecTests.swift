import Directory
import Kernel
import Synchronization
import Testing

@testable import Wire

@Suite("Recalling codec") struct RecallingCodecTests {
    /// Counts what it is asked for.
    private final class CountingCodec: DirectoryCodec {
        private let base = ProtobufCodec()
        let decoded = Mutex(0)

        func encode(_ command: Command) -> [UInt8] { base.encode(command) }
        func encode(_ record: StoredRecord) -> [UInt8] { base.encode(record) }

        func decodeCommand(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Command {
            decoded.withLock { $0 += 1 }
            return try base.decodeCommand(bytes)
        }

        func decodeRecord(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> StoredRecord {
            decoded.withLock { $0 += 1 }
            return try base.decodeRecord(bytes)
        }
    }

    private let counting = CountingCodec()
    private let samples: DirectorySamples

    init() throws { samples = try DirectorySamples() }

    @Test("gives what the codec behind it gives, for every record and command")
    func same() throws {
        let codec = RecallingCodec(counting)
        for _ in 0..<2 {
            for record in samples.records {
                #expect(try codec.decodeRecord(ProtobufCodec().encode(record)) == record)
                #expect(codec.encode(record) == ProtobufCodec().encode(record))
            }
            for command in samples.commands {
                #expect(try codec.decodeCommand(codec.encode(command)) == command)
            }
        }
    }

    @Test("decodes a command once, and not at all a record that it encoded")
    func once() throws {
        let codec = RecallingCodec(counting)
        let command = try #require(samples.commands.first)
        let bytes = codec.encode(command)
        for _ in 0..<3 { _ = try codec.decodeCommand(bytes) }
        #expect(counting.decoded.withLock { $0 } == 1)
        let record = try #require(samples.records.first)
        _ = try codec.decodeRecord(codec.encode(record))
        #expect(counting.decoded.withLock { $0 } == 1)
    }

    @Test("refuses what the codec behind it refuses, each time")
    func refused() {
        let codec = RecallingCodec(counting)
        for _ in 0..<2 {
            #expect(throws: DirectoryDecodeError.self) { try codec.decodeRecord([0xff]) }
            #expect(throws: DirectoryDecodeError.self) { try codec.decodeCommand([0xff]) }
        }
    }
}
