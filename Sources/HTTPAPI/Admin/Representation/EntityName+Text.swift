package import Directory
package import JSON

extension EntityName {
    /// From `{"type": …, "id": …}` or the text form.
    package init(_ value: JSONValue, at path: FieldPath) throws(FieldError) {
        if let text = value.stringValue {
            guard let reference = EntityName(parsing: text) else {
                throw FieldError(path, #"must name an entity as Type::"id", not "\#(text.prefix(80))""#)
            }
            self = reference
            return
        }
        var reader = try ObjectReader(value, at: path)
        self.init(type: try reader.string("type"), id: try reader.string("id"))
        try reader.finish()
    }

    /// From `Type::"id"`, in which `\"` and `\\` stand for the characters, or `Type::id` where the id has no quote.
    ///
    /// Without quotes the id starts after the last `::`. Nil when either part is empty or the type is no type's name.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        let quote = bytes.firstIndex(of: UInt8(ascii: "\""))
        let typeEnd: Int
        let id: [UInt8]
        if let quote {
            guard quote >= 2, bytes[quote - 1] == colon, bytes[quote - 2] == colon,
                let unquoted = Self.unquote(bytes[quote...])
            else { return nil }
            (typeEnd, id) = (quote - 2, unquoted)
        } else {
            guard let last = bytes.indices.dropLast().last(where: { bytes[$0] == colon && bytes[$0 + 1] == colon })
            else {
                return nil
            }
            (typeEnd, id) = (last, Array(bytes[(last + 2)...]))
        }
        let type = String(decoding: bytes[..<typeEnd], as: UTF8.self)
        guard !id.isEmpty, Grammar.isEntityType(type) else { return nil }
        self.init(type: type, id: String(decoding: id, as: UTF8.self))
    }

    /// What `init(parsing:)` takes back, as Cedar writes it.
    package var text: String {
        let escaped = id.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "\(type)::\"\(String(escaped))\""
    }

    package var json: JSONValue { ["type": .string(type), "id": .string(id)] }

    private static func unquote(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = bytes.dropFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return rest.isEmpty ? result : nil
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst(), escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\")
                else { return nil }
                result.append(escaped)
            default: result.append(byte)
            }
        }
        return nil
    }
}
