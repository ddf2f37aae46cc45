import NIOCore

/// A value of MessagePack, as far as serf's RPC needs it: texts and bytes are one, floating point is missing.
enum MessagePack: Hashable, Sendable {
    case nothing
    case bool(Bool)
    case integer(Int64)
    case bytes([UInt8])
    case array([MessagePack])
    case map([String: MessagePack])

    static func text(_ text: String) -> MessagePack { .bytes(Array(text.utf8)) }

    subscript(_ key: String) -> MessagePack? {
        if case .map(let members) = self { members[key] } else { nil }
    }

    var string: String? {
        if case .bytes(let bytes) = self { String(validating: bytes, as: UTF8.self) } else { nil }
    }
}

extension ByteBuffer {
    mutating func writeMessagePack(_ value: MessagePack) {
        switch value {
        case .nothing: writeInteger(UInt8(0xc0))
        case .bool(let isTrue): writeInteger(UInt8(isTrue ? 0xc3 : 0xc2))
        case .integer(let number):
            writeInteger(UInt8(0xd3))
            writeInteger(number)
        case .bytes(let bytes):
            writeInteger(UInt8(0xdb))
            writeInteger(UInt32(clamping: bytes.count))
            writeBytes(bytes)
        case .array(let values):
            writeInteger(UInt8(0xdd))
            writeInteger(UInt32(clamping: values.count))
            for value in values { writeMessagePack(value) }
        case .map(let members):
            writeInteger(UInt8(0xdf))
            writeInteger(UInt32(clamping: members.count))
            for (key, value) in members {
                writeMessagePack(.text(key))
                writeMessagePack(value)
            }
        }
    }

    /// The next whole value, nil until more bytes have come.
    mutating func readMessagePack() throws -> MessagePack? {
        let start = readerIndex
        do { return try nextMessagePack() } catch is EndOfBytes {
            moveReaderIndex(to: start)
            return nil
        }
    }

    private struct EndOfBytes: Error {}

    private mutating func nextMessagePack() throws -> MessagePack {
        let tag = try number(UInt8.self)
        switch tag {
        case 0x00...0x7f: return .integer(Int64(tag))
        case 0x80...0x8f: return try map(Int(tag & 0x0f))
        case 0x90...0x9f: return try array(Int(tag & 0x0f))
        case 0xa0...0xbf: return try bytes(Int(tag & 0x1f))
        case 0xc0: return .nothing
        case 0xc2, 0xc3: return .bool(tag == 0xc3)
        case 0xc4, 0xd9: return try bytes(Int(number(UInt8.self)))
        case 0xc5, 0xda: return try bytes(Int(number(UInt16.self)))
        case 0xc6, 0xdb: return try bytes(Int(number(UInt32.self)))
        case 0xcc: return .integer(Int64(try number(UInt8.self)))
        case 0xcd: return .integer(Int64(try number(UInt16.self)))
        case 0xce: return .integer(Int64(try number(UInt32.self)))
        case 0xcf: return .integer(Int64(clamping: try number(UInt64.self)))
        case 0xd0: return .integer(Int64(try number(Int8.self)))
        case 0xd1: return .integer(Int64(try number(Int16.self)))
        case 0xd2: return .integer(Int64(try number(Int32.self)))
        case 0xd3: return .integer(try number(Int64.self))
        case 0xdc: return try array(Int(number(UInt16.self)))
        case 0xde: return try map(Int(number(UInt16.self)))
        case 0xe0...0xff: return .integer(Int64(Int8(bitPattern: tag)))
        default: throw PeerError("serf's answer has a value of MessagePack's kind \(tag), which is not expected")
        }
    }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
        guard let number = readInteger(as: Number.self) else { throw EndOfBytes() }
        return number
    }

    private mutating func bytes(_ count: Int) throws -> MessagePack {
        guard let bytes = readBytes(length: count) else { throw EndOfBytes() }
        return .bytes(bytes)
    }

    private mutating func array(_ count: Int) throws -> MessagePack {
        var values: [MessagePack] = []
        for _ in 0..<count { values.append(try nextMessagePack()) }
        return .array(values)
    }

    private mutating func map(_ count: Int) throws -> MessagePack {
        var members: [String: MessagePack] = [:]
        for _ in 0..<count {
            guard let key = try nextMessagePack().string else {
                throw PeerError("serf's answer has a key that is no text")
            }
            members[key] = try nextMessagePack()
        }
        return .map(members)
    }
}
