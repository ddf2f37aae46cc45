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

/// One run: the first byte names a reader and a sample, or none; the rest is what it reads, or how the sample is changed. What
/// is accepted is written and read again where a writer exists, and must come out equal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let bytes = unsafe Array(input)
    guard let choice = bytes.first else { return 0 }
    let reader = readers[Int(choice & 0x7F) % readers.count]
    let rest = Array(bytes.dropFirst())
    _ = reader.accepts(choice & 0x80 == 0 ? rest : changed(reader.samples, by: rest))
    return 0
}

private struct Reader: Sendable {
    let samples: [[UInt8]]
    let accepts: @Sendable ([UInt8]) -> Bool

    /// What is changed is to begin with what is accepted.
    init(samples: [[UInt8]], accepts: @escaping @Sendable ([UInt8]) -> Bool) {
        for sample in samples {
            invariant(accepts(sample), "a sample is refused: \(String(decoding: sample, as: UTF8.self))")
        }
        self.samples = samples
        self.accepts = accepts
    }
}

private let readers = [
    Reader(samples: Samples.json, accepts: json),
    Reader(samples: Samples.policies, accepts: policies),
    Reader(samples: Samples.schemas, accepts: schema),
    Reader(samples: Samples.entities, accepts: entities),
    Reader(samples: Samples.commands, accepts: command),
    Reader(samples: Samples.records, accepts: record),
    Reader(samples: Samples.firstFrames, accepts: stream),
    Reader(samples: Samples.pairs, accepts: pairs),
]

/// A sample, named by the first byte, with pieces replaced: of each, where it begins in two bytes, how much goes, how much
/// comes, and that.
private func changed(_ samples: [[UInt8]], by bytes: [UInt8]) -> [UInt8] {
    var rest = bytes[...]
    var text = samples[Int(rest.popFirst() ?? 0) % samples.count]
    while let high = rest.popFirst(), let low = rest.popFirst(), let gone = rest.popFirst(), let come = rest.popFirst()
    {
        let start = (Int(high) << 8 | Int(low)) % (text.count + 1)
        let new = rest.prefix(Int(come % 32))
        rest = rest.dropFirst(new.count)
        text.replaceSubrange(start..<min(start + Int(gone % 32), text.count), with: new)
    }
    return text
}

private func json(_ bytes: [UInt8]) -> Bool {
    guard let value = try? JSONValue.parse(bytes) else { return false }
    let again = value.serialized()
    invariant((try? JSONValue.parse(again)) == value, "JSON changes when it is written and read: \(again)")
    return true
}

/// What is well-formed also decides: on a request that matches most of the samples.
private func policies(_ bytes: [UInt8]) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self), let set = try? PolicySet.parse(text) else {
        return false
    }
    let limits = EvaluationLimits(maxSteps: 2000)
    _ = authorize(Samples.request, policies: set, entities: Samples.store, limits: limits)
    return true
}

private func schema(_ bytes: [UInt8]) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self), let schema = try? Schema.parse(text) else {
        return false
    }
    invariant((try? Schema.parse(text)) == schema, "two schemas of one text")
    return true
}

private func entities(_ bytes: [UInt8]) -> Bool {
    guard let list = try? EntityJSON.parseEntities(bytes) else { return false }
    _ = try? EntityStore(list)
    for entity in list {
        guard let written = try? EntityJSON.write(entity) else { continue }
        let read = try? EntityJSON.parseEntities(JSONValue.array([written]))
        invariant(read == [entity], "an entity changes: \(entity)")
    }
    return true
}

private func command(_ bytes: [UInt8]) -> Bool {
    let codec = ProtobufCodec()
    guard let command = try? codec.decodeCommand(bytes) else { return false }
    invariant(codec.encode(command) == bytes, "two encodings of one command: \(command)")
    return true
}

private func record(_ bytes: [UInt8]) -> Bool {
    let codec = ProtobufCodec()
    guard let record = try? codec.decodeRecord(bytes) else { return false }
    invariant(codec.encode(record) == bytes, "two encodings of one record: \(record)")
    return true
}

private func pairs(_ bytes: [UInt8]) -> Bool {
    guard let pairs = try? StatePairs(encoded: bytes) else { return false }
    invariant((try? StatePairs(encoded: pairs.encoded())) == pairs, "pairs change")
    return true
}

/// What a stranger can send to the peer port, which arrives in pieces: the first byte says of which length.
private func stream(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first else { return false }
    var decoder = FrameDecoder(limit: Hello.maximumByteCount)
    var rest = bytes.dropFirst()
    while !rest.isEmpty {
        let piece = rest.prefix(Int(first) + 1)
        rest = rest.dropFirst(piece.count)
        decoder.append(ByteBuffer(bytes: piece))
        do throws(FrameError) {
            while let frame = try decoder.next(), hello(frame) {}
        } catch {
            return false
        }
    }
    return true
}

private func hello(_ frame: [UInt8]) -> Bool {
    guard let first = try? FirstFrame(frame) else { return false }
    invariant(first.bytes == frame, "two texts of one first frame: \(first)")
    return true
}
