import Cedar
import Directory
import FuzzDriver
import JSON
import Kernel
import LinkFrames
import NIOCore
import Wire

@main enum TextFuzz {
    static func main() { unsafe runFuzzer { unsafe fuzzText($0, $1) } }
}

/// One run: the first byte names a parser, the rest is given to it. What is accepted is written and read again where a
/// writer exists, and must come out equal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let bytes = unsafe Array(input)
    guard let choice = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch choice % 7 {
    case 0: json(rest)
    case 1: if let text = String(validating: rest, as: UTF8.self) { _ = try? PolicySet.parse(text) }
    case 2: if let text = String(validating: rest, as: UTF8.self) { _ = try? Schema.parse(text) }
    case 3: if let json = try? JSONValue.parse(rest) { _ = try? EntityJSON.parseEntities(json) }
    case 4: command(rest)
    case 5: record(rest)
    default: stream(rest)
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

/// What a stranger can send to the peer port, which arrives in pieces: the first byte says of which length.
private func stream(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    var decoder = FrameDecoder(limit: Hello.maximumByteCount)
    var rest = bytes.dropFirst()
    while !rest.isEmpty {
        let piece = rest.prefix(Int(first) + 1)
        rest = rest.dropFirst(piece.count)
        decoder.append(ByteBuffer(bytes: piece))
        do throws(FrameError) {
            while let frame = try decoder.next() { hello(frame) }
        } catch {
            return
        }
    }
}

private func hello(_ frame: [UInt8]) {
    guard let first = try? FirstFrame(frame) else { return }
    invariant(first.bytes == frame, "two texts of one first frame: \(first)")
}
