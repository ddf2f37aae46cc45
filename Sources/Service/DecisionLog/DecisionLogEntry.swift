internal import Cedar
internal import JSON
package import Kernel

/// One decision as it stands in the decision log.
///
/// Its form is a JSON object on a line of its own:
///
///     {"time":"2026-01-31T09:05:00.250Z","request_id":"r-1","caller":{"type":"Service","id":"gateway"},
///      "subject":{"type":"Agent","id":"invoice-bot"},"action":"read","resource":{"type":"Tool","id":"ledger"},
///      "result":"allow","code":"allowed","policies":["sample/readers"],"revision":42,"epoch":3,"age_ms":180}
///
/// with `obligations` and `advice` behind `policies` where those have some, and `"search":true` behind the rest where a search
/// came to it.
///
/// Names come from requests, so every one of them is escaped. Properties and context are left out: they may hold
/// secrets.
package struct DecisionLogEntry: Hashable, Sendable {
    /// Something by its name in policies.
    package struct Entity: Hashable, Sendable, CustomStringConvertible {
        package let type: String
        package let id: String

        package init(type: String, id: String) {
            self.type = type
            self.id = id
        }

        package var description: String { "\(type)/\(id)" }
    }

    /// By this node's wall clock.
    package let time: WallTime
    package let requestID: String
    /// Who asked, as authenticated.
    package let caller: Entity?
    package let subject: Entity
    package let action: String
    package let resource: Entity
    package let isAllowed: Bool
    /// Stable reason code.
    package let code: String
    package let policies: [String]
    /// What the enforcement point was told to do, or see done.
    package let obligations: [String]
    /// What it was given to show.
    package let advice: [String]
    package let revision: LogIndex
    package let epoch: UInt64
    /// Nil where the node had no proof of freshness.
    package let ageMilliseconds: UInt64?
    /// Whether it is of a search, which nobody need have acted on: a result of it, or its refusal, which has no id or name
    /// for what was searched for.
    package let isSearch: Bool

    package init(
        time: WallTime,
        requestID: String,
        caller: Entity?,
        subject: Entity,
        action: String,
        resource: Entity,
        isAllowed: Bool,
        code: String,
        policies: [String],
        obligations: [String] = [],
        advice: [String] = [],
        revision: LogIndex,
        epoch: UInt64,
        ageMilliseconds: UInt64?,
        isSearch: Bool = false
    ) {
        self.time = time
        self.requestID = requestID
        self.caller = caller
        self.subject = subject
        self.action = action
        self.resource = resource
        self.isAllowed = isAllowed
        self.code = code
        self.policies = policies
        self.obligations = obligations
        self.advice = advice
        self.revision = revision
        self.epoch = epoch
        self.ageMilliseconds = ageMilliseconds
        self.isSearch = isSearch
    }
}

extension DecisionLogEntry {
    /// Appends the line with its line feed.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"time\":\"".utf8)
        UTCTime(time).append(to: &bytes)
        bytes.append(contentsOf: "\",\"request_id\":".utf8)
        bytes.append(json: requestID)
        bytes.append(contentsOf: ",\"caller\":".utf8)
        if let caller { caller.append(to: &bytes) } else { bytes.append(contentsOf: "null".utf8) }
        bytes.append(contentsOf: ",\"subject\":".utf8)
        subject.append(to: &bytes)
        bytes.append(contentsOf: ",\"action\":".utf8)
        bytes.append(json: action)
        bytes.append(contentsOf: ",\"resource\":".utf8)
        resource.append(to: &bytes)
        bytes.append(
            contentsOf: (isAllowed ? ",\"result\":\"allow\",\"code\":" : ",\"result\":\"deny\",\"code\":").utf8
        )
        bytes.append(json: code)
        bytes.append(contentsOf: ",\"policies\":".utf8)
        Self.append(policies, to: &bytes)
        if !obligations.isEmpty {
            bytes.append(contentsOf: ",\"obligations\":".utf8)
            Self.append(obligations, to: &bytes)
        }
        if !advice.isEmpty {
            bytes.append(contentsOf: ",\"advice\":".utf8)
            Self.append(advice, to: &bytes)
        }
        bytes.append(contentsOf: ",\"revision\":".utf8)
        bytes.append(decimal: revision.number)
        bytes.append(contentsOf: ",\"epoch\":".utf8)
        bytes.append(decimal: epoch)
        if let ageMilliseconds {
            bytes.append(contentsOf: ",\"age_ms\":".utf8)
            bytes.append(decimal: ageMilliseconds)
        }
        if isSearch { bytes.append(contentsOf: ",\"search\":true".utf8) }
        bytes.append(contentsOf: "}\n".utf8)
    }

    private static func append(_ texts: [String], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(json: text)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Longer lines are no entries. Where thousands of policies decide together, there are the names and the advice of each.
    package static let maxByteCount = 8 << 20

    /// From a line without its line feed; nil where it is no entry, such as one that a crash cut short.
    package init?(parsing line: [UInt8]) {
        guard let value = try? JSONValue.parse(line, limits: JSONLimits(maxBytes: Self.maxByteCount)),
            let time = value["time"]?.stringValue.flatMap(WallTime.init(rfc3339:)),
            let requestID = value["request_id"]?.stringValue, let caller = value["caller"],
            let subject = value["subject"].flatMap(Entity.init), let action = value["action"]?.stringValue,
            let resource = value["resource"].flatMap(Entity.init), let result = value["result"]?.stringValue,
            let code = value["code"]?.stringValue, let policies = value["policies"]?.arrayValue,
            let revision = value["revision"]?.integerValue.flatMap(UInt64.init(exactly:)),
            let epoch = value["epoch"]?.integerValue.flatMap(UInt64.init(exactly:))
        else { return nil }
        self.init(
            time: time,
            requestID: requestID,
            caller: Entity(caller),
            subject: subject,
            action: action,
            resource: resource,
            isAllowed: result == "allow",
            code: code,
            policies: policies.compactMap(\.stringValue),
            obligations: value["obligations"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            advice: value["advice"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            revision: LogIndex(revision),
            epoch: epoch,
            ageMilliseconds: value["age_ms"]?.integerValue.flatMap(UInt64.init(exactly:)),
            isSearch: value["search"]?.boolValue ?? false
        )
    }
}

extension DecisionLogEntry.Entity {
    func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"type\":".utf8)
        bytes.append(json: type)
        bytes.append(contentsOf: ",\"id\":".utf8)
        bytes.append(json: id)
        bytes.append(UInt8(ascii: "}"))
    }

    init(_ uid: EntityUID) { self.init(type: uid.type.text, id: uid.id) }

    init?(_ value: JSONValue) {
        guard let type = value["type"]?.stringValue, let id = value["id"]?.stringValue else { return nil }
        self.init(type: type, id: id)
    }
}
