internal import Cedar
package import Decision
package import Directory
package import JSON
internal import Kernel

extension Explanation {
    /// What both APIs show of it.
    var members: [JSONMember] {
        let paths = policies.flatMap { $0.subjectPath + $0.resourcePath }
        let roles = paths.filter { $0.type == EntityUIDs.role }.map(\.id)
        return [
            JSONMember("policies", .array(policies.map(\.json))),
            JSONMember("roles", .array(Self.unique(roles).map { .string($0) })),
            JSONMember("near_misses", .array(nearMisses.map(\.json))),
            JSONMember("failures", .array(answer.failures.map(\.json))),
            JSONMember("cascades", .array(answer.cascades.map(\.json))),
            JSONMember(
                "ignored_properties",
                .array(
                    answer.ignoredProperties.map {
                        ["entity": .string($0.entity.description), "name": .string($0.name)]
                    }
                )
            ),
        ]
    }

    private static func unique(_ names: [String]) -> [String] {
        names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension CascadeEffect {
    fileprivate var json: JSONValue {
        let members: [JSONMember] =
            switch taken {
            case .standing(let uid): [JSONMember("takes", "standing"), JSONMember("entity", uid.description)]
            case .role(let role, let grantor):
                [
                    JSONMember("takes", "role"), JSONMember("entity", role.description),
                    JSONMember("granted_by", grantor.description),
                ]
            case .token(let issuer): [JSONMember("takes", "token"), JSONMember("granted_by", issuer.description)]
            }
        return .object(members + cascade.members)
    }
}

extension Cascade {
    /// Which statement, and against whom.
    var members: [JSONMember] {
        [
            JSONMember("against", ancestor.description), JSONMember("status", status.rawValue),
            JSONMember("statement", statement.hex),
        ]
    }
}

extension PolicyReference {
    fileprivate var members: [JSONMember] {
        // What was read from a file has no version.
        [JSONMember("set", set)] + (version > 0 ? [JSONMember("version", version.json)] : [])
            + [JSONMember("id", id), JSONMember("line", .integer(Int64(line)))]
    }
}

extension PolicyVerdict.Failure {
    package var json: JSONValue { .object(policy.members + [JSONMember("error", "\(error)")]) }
}

extension Explanation.DecidingPolicy {
    package var json: JSONValue {
        .object(
            reference.members + [
                JSONMember("effect", effect.rawValue), JSONMember("text", text),
                JSONMember("subject_path", .array(subjectPath.map { .string($0.description) })),
                JSONMember("resource_path", .array(resourcePath.map { .string($0.description) })),
                JSONMember("conditions", .array(conditions.map(\.json))),
            ]
        )
    }
}

extension Explanation.ConditionTrace {
    fileprivate var json: JSONValue {
        [
            "condition": .integer(Int64(place)), "kind": .string(kind.rawValue),
            "outcome": .string(outcome.rawValue), "text": .string(text),
            "values": .array(values.map(\.json)),
        ]
    }
}

extension Explanation.NamedValue {
    /// Sets and records may be large, and the beginning of one tells enough.
    private static let maxCharacters = 200

    fileprivate var json: JSONValue {
        switch result {
        case .success(let value): ["text": .string(text), "value": .string(Self.shortened(value.description))]
        case .failure(let error): ["text": .string(text), "error": .string(error.description)]
        }
    }

    private static func shortened(_ text: String) -> String {
        text.count > maxCharacters ? text.prefix(maxCharacters) + "…" : text
    }
}

extension Explanation.NearMiss {
    package var json: JSONValue {
        let changes = changes.map { JSONValue.array($0.map { .string($0.description) }) } ?? .null
        return .object(policy.members + obstacleMembers + [JSONMember("changes", changes)])
    }

    private var obstacleMembers: [JSONMember] {
        switch obstacle {
        case .principal: [JSONMember("obstacle", "principal")]
        case .resource: [JSONMember("obstacle", "resource")]
        case .condition(let trace): [JSONMember("obstacle", "condition"), JSONMember("condition", trace.json)]
        case .failed(let error): [JSONMember("obstacle", "error"), JSONMember("error", "\(error)")]
        }
    }
}
