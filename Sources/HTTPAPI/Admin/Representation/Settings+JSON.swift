package import Directory
package import JSON
package import Kernel

extension Settings {
    package init(_ section: ObjectReader) throws(FieldError) {
        var reader = section
        self = try Settings(reading: &reader)
        try reader.finish()
    }

    package init(reading reader: inout ObjectReader) throws(FieldError) {
        let standard = Settings()
        let ages = Self.maximumAgeRange.lowerBound.milliseconds...Self.maximumAgeRange.upperBound.milliseconds
        self.init(
            maximumAge: try reader.optionalInteger("maximum_age_ms", in: ages).map { .milliseconds($0) }
                ?? standard.maximumAge,
            historyLimit: try reader.optionalInteger("history_limit", in: Self.historyLimitRange)
                ?? standard.historyLimit,
            idempotencyLimit: try reader.optionalInteger("idempotency_limit", in: Self.idempotencyLimitRange)
                ?? standard.idempotencyLimit
        )
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "maximum_age_ms", value: .integer(Int64(clamping: maximumAge.milliseconds))),
            JSONMember(name: "history_limit", value: .integer(Int64(historyLimit))),
            JSONMember(name: "idempotency_limit", value: .integer(Int64(idempotencyLimit))),
        ]
    }

    package var json: JSONValue { .object(members) }
}

extension ObjectReader {
    /// 64 hexadecimal digits.
    package mutating func digest(_ name: String) throws(FieldError) -> Digest {
        let text = try string(name)
        guard let digest = Digest(hex: text) else {
            throw FieldError(path.member(name), "must be 64 hexadecimal digits")
        }
        return digest
    }
}
