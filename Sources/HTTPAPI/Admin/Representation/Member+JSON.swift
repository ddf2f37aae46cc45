package import Directory
package import JSON
internal import Kernel

extension MemberSpec {
    package init(_ value: JSONValue, at path: FieldPath) throws(FieldError) {
        var reader = try ObjectReader(value, at: path)
        let uuid = try reader.uuid("id")
        let incarnation = try reader.optionalInteger("incarnation", in: 1...UInt32.max) ?? 1
        self.init(
            id: MemberID(high: uuid.high, low: uuid.low, incarnation: incarnation),
            name: try reader.string("name"),
            raftAddress: try reader.peerAddress("raft_address"),
            apiAddresses: try reader.strings("api_addresses"),
            keyFingerprint: try reader.digest("key_fingerprint")
        )
        try reader.finish()
    }

    package var json: JSONValue {
        [
            "id": .string(id.uuid),
            "incarnation": .integer(Int64(id.incarnation)),
            "name": .string(name),
            "raft_address": .string(raftAddress),
            "api_addresses": .array(apiAddresses.map { .string($0) }),
            "key_fingerprint": .string(keyFingerprint.hex),
        ]
    }
}

extension ObjectReader {
    package mutating func uuid(_ name: String) throws(FieldError) -> (high: UInt64, low: UInt64) {
        guard let uuid = UUIDText.parse(try string(name)) else { throw FieldError(path.member(name), "must be a UUID") }
        return uuid
    }

    fileprivate mutating func peerAddress(_ name: String) throws(FieldError) -> String {
        let text = try string(name)
        guard Grammar.isAddress(text) else {
            throw FieldError(path.member(name), "must be HOST:PORT, such as 127.0.0.1:7401 or [::1]:7401")
        }
        return text
    }
}
