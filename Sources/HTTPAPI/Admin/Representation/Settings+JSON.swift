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
        self.init(
            maximumAge: try reader.optionalInteger("maximum_age_ms", in: Self.ages).map { .milliseconds($0) }
                ?? standard.maximumAge,
            actionAges: try Self.actionAges(&reader),
            historyLimit: try reader.optionalInteger("history_limit", in: Self.historyLimitRange)
                ?? standard.historyLimit,
            idempotencyLimit: try reader.optionalInteger("idempotency_limit", in: Self.idempotencyLimitRange)
                ?? standard.idempotencyLimit
        )
    }

    private static let ages = maximumAgeRange.lowerBound.milliseconds...maximumAgeRange.upperBound.milliseconds

    /// An object with a member for each action; none where it is absent.
    private static func actionAges(_ reader: inout ObjectReader) throws(FieldError) -> [ActionAge] {
        guard var section = try reader.optionalObject("action_maximum_ages_ms") else { return [] }
        let actions = section.names
        guard actions.count <= actionAgeLimit else {
            throw FieldError(section.path, "must have at most \(actionAgeLimit) actions")
        }
        return try actions.map { action throws(FieldError) in
            guard Grammar.isActionName(action) else {
                throw FieldError(section.path.member(action), "is not the name of an action")
            }
            return ActionAge(action: action, maximumAge: .milliseconds(try section.integer(action, in: ages)))
        }
    }

    package var members: [JSONMember] {
        [
            JSONMember(name: "maximum_age_ms", value: .integer(Int64(clamping: maximumAge.milliseconds))),
            JSONMember(
                name: "action_maximum_ages_ms",
                value: .object(
                    actionAges.map { JSONMember($0.action, .integer(Int64(clamping: $0.maximumAge.milliseconds))) }
                )
            ),
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
