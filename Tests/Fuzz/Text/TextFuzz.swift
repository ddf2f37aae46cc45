import Cedar
import Directory
import JSON
import Kernel
import Wire

/// One run: the first byte names a parser, the rest is given to it. What is accepted is written and read again where a
/// writer exists, and must come out equal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let bytes = unsafe Array(input)
    guard let choice = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch choice % 6 {
    case 0: json(rest)
    case 1: if let text = String(validating: rest, as: UTF8.self) { _ = try? PolicySet.parse(text) }
    case 2: if let text = String(validating: rest, as: UTF8.self) { _ = try? Schema.parse(text) }
    case 3: if let json = try? JSONValue.parse(rest) { _ = try? EntityJSON.parseEntities(json) }
    case 4: command(rest)
    default: record(rest)
    }
    return 0
}

private func json(_ bytes: [UInt8]) {
    guard let value = try? JSONValue.parse(bytes) else { return }
    let again = value.serialized()
    invariant((try? JSONValue.parse(again)) == value, "JSON changes when it is written and read: \(again)")
}

private func command(_ bytes: [UInt8]) {
    let codec = ProtobufCodec()
    guard let command = try? codec.decodeCommand(bytes) else { return }
    invariant((try? codec.decodeCommand(codec.encode(command))) == command, "a command changes: \(command)")
}

private func record(_ bytes: [UInt8]) {
    let codec = ProtobufCodec()
    guard let record = try? codec.decodeRecord(bytes) else { return }
    invariant((try? codec.decodeRecord(codec.encode(record))) == record, "a record changes: \(record)")
}
