package import Kernel

/// What each side says first: who it is, to whom it believes to speak, and of which log.
///
/// TLS has proved the key; the hello binds the connection to a member, its incarnation and its data directory. Layout,
/// big-endian:
///
///     magic "RVPL" · kind 1 · version (2) · lineage (16) · sender (16 + 4) · receiver (16 + 4) · instance (32) ·
///     length of name (1) · name
package struct Hello: Hashable, Sendable {
    package let lineage: Lineage
    package let sender: MemberID
    package let senderName: String
    /// Names the sender's data directory.
    package let instance: Digest
    package let receiver: MemberID

    package static let version: UInt16 = 1
    /// Of any first frame; longer ones are refused before they are read.
    package static let maximumByteCount = 256
    static let magic = [UInt8]("RVPL".utf8)

    package init(
        lineage: Lineage,
        sender: MemberID,
        senderName: String,
        instance: Digest,
        receiver: MemberID
    ) {
        self.lineage = lineage
        self.sender = sender
        self.senderName = senderName
        self.instance = instance
        self.receiver = receiver
    }
}

/// The first frame of a connection.
package enum FirstFrame: Hashable, Sendable {
    case hello(Hello)
    /// `magic · kind 2 · version (2) · code (1)`: sent instead of a hello, before closing.
    case refusal(HelloRefusal)

    package var bytes: [UInt8] {
        var bytes = Hello.magic
        switch self {
        case .hello(let hello):
            bytes.append(1)
            bytes.append(bigEndian: Hello.version)
            bytes.append(bigEndian: hello.lineage.high)
            bytes.append(bigEndian: hello.lineage.low)
            bytes.append(hello.sender)
            bytes.append(hello.receiver)
            bytes += hello.instance.bytes
            let name = hello.senderName.utf8.prefix(Int(UInt8.max))
            bytes.append(UInt8(clamping: name.count))
            bytes += name
        case .refusal(let refusal):
            bytes.append(2)
            bytes.append(bigEndian: Hello.version)
            bytes.append(refusal.rawValue)
        }
        return bytes
    }

    /// Every byte is accounted for: nothing may follow, and no other text has the same bytes.
    package init(_ bytes: [UInt8]) throws(HelloRefusal) {
        var reader = ByteReader(bytes)
        guard reader.take(Hello.magic.count) == Hello.magic[...], let kind = reader.integer(UInt8.self),
            let version = reader.integer(UInt16.self)
        else { throw .malformed }
        guard version == Hello.version else { throw .unsupportedVersion }
        switch kind {
        case 1: self = .hello(try Hello(&reader))
        case 2:
            guard let code = reader.integer(UInt8.self), let refusal = HelloRefusal(rawValue: code) else {
                throw .malformed
            }
            self = .refusal(refusal)
        default: throw .malformed
        }
        guard reader.isAtEnd else { throw .malformed }
    }
}

extension Hello {
    fileprivate init(_ reader: inout ByteReader) throws(HelloRefusal) {
        guard let high = reader.integer(UInt64.self), let low = reader.integer(UInt64.self),
            let sender = reader.member(), let receiver = reader.member(),
            let instance = reader.take(Digest.byteCount).flatMap({ Digest(bytes: $0) }),
            let count = reader.integer(UInt8.self), let name = reader.take(Int(count)), !name.isEmpty,
            let text = String(validating: name, as: UTF8.self)
        else { throw .malformed }
        self.init(
            lineage: Lineage(high: high, low: low),
            sender: sender,
            senderName: text,
            instance: instance,
            receiver: receiver
        )
    }
}

/// Why a hello is not accepted. The raw value goes over the wire.
package enum HelloRefusal: UInt8, Error, Hashable, Sendable, CustomStringConvertible, CaseIterable {
    case malformed = 1
    case unsupportedVersion = 2
    case wrongLineage = 3
    case wrongReceiver = 4
    case unknownSender = 5
    /// The name is not that of the certificate, or not that of the member.
    case wrongName = 6
    case wrongKey = 7
    /// The sender was a member under this incarnation or a later one.
    case removed = 8
    /// The member's log is in another data directory than the sender's.
    case otherInstance = 9

    package var code: String {
        switch self {
        case .malformed: "malformed"
        case .unsupportedVersion: "unsupported_version"
        case .wrongLineage: "wrong_lineage"
        case .wrongReceiver: "wrong_receiver"
        case .unknownSender: "unknown_sender"
        case .wrongName: "wrong_name"
        case .wrongKey: "wrong_key"
        case .removed: "removed"
        case .otherInstance: "other_instance"
        }
    }

    package var description: String {
        switch self {
        case .malformed: "it cannot be read"
        case .unsupportedVersion: "its version of the protocol is not spoken here"
        case .wrongLineage: "it belongs to another cluster's log"
        case .wrongReceiver: "it is meant for another member or incarnation"
        case .unknownSender: "its sender is no member, or another incarnation of one"
        case .wrongName: "its sender's name is not the certificate's or not the member's"
        case .wrongKey: "its sender's key is not the one that the log pins"
        case .removed: "its sender was removed from the cluster; add the node again with `reeve cluster add`"
        case .otherInstance:
            "its sender's data directory is not the one that the member named, so its votes may be lost; "
                + "`reeve cluster remove` the member and `reeve cluster add` it again"
        }
    }
}

/// Reads bytes from outside, front to back; nil at the end.
private struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func integer<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) -> Number? {
        take(Number.bitWidth / 8)?.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    mutating func member() -> MemberID? {
        guard let high = integer(UInt64.self), let low = integer(UInt64.self), let incarnation = integer(UInt32.self)
        else { return nil }
        return MemberID(high: high, low: low, incarnation: incarnation)
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: UInt16) {
        append(UInt8(truncatingIfNeeded: number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }

    fileprivate mutating func append(_ member: MemberID) {
        append(bigEndian: member.high)
        append(bigEndian: member.low)
        append(bigEndian: member.incarnation)
    }
}
