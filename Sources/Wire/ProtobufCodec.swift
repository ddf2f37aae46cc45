package import Directory
internal import SwiftProtobuf

/// Bytes of the directory's commands and records: Protocol Buffers, `Proto/command.proto` and `Proto/record.proto`.
///
/// One value has one encoding, and nothing else decodes: after parsing, the value is encoded again and must give the
/// very bytes. So fields that this program does not know, lists out of order and roundabout encodings are refused, and
/// two programs can never read one command in two ways.
package struct ProtobufCodec: DirectoryCodec {
    package init() {}

    package func encode(_ command: Command) -> [UInt8] { serialise(ProtoCommand(command)) }
    package func encode(_ record: StoredRecord) -> [UInt8] { serialise(ProtoStoredRecord(record)) }

    package func decodeCommand(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Command {
        try decode(bytes, as: ProtoCommand.self)
    }

    package func decodeRecord(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> StoredRecord {
        try decode(bytes, as: ProtoStoredRecord.self)
    }

    private func decode<Proto: SwiftProtobuf.Message & ProtoConvertible>(
        _ bytes: [UInt8],
        as type: Proto.Type
    ) throws(DirectoryDecodeError) -> Proto.Value {
        let value: Proto.Value
        do throws(WireError) {
            value = try parse(bytes, as: type).value()
        } catch {
            throw DirectoryDecodeError(error.description)
        }
        guard serialise(Proto(value)) == bytes else {
            throw DirectoryDecodeError("\(Proto.protoMessageName): not as this program would encode it")
        }
        return value
    }
}
