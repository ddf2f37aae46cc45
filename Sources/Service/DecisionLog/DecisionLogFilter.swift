internal import Cedar
internal import Decision
package import Kernel

/// Which entries of the decision log are wanted. Every part that is given must match.
package struct DecisionLogFilter: Hashable, Sendable {
    /// `type/id`, or an id alone. Types are as in requests or as in policies: `agent/bot` or `Agent/bot`.
    package var subject: String?
    package var action: String?
    /// `type/id`, or an id alone.
    package var resource: String?
    package var isAllowed: Bool?
    package var requestID: String?
    package var since: WallTime?
    /// How many at most; the newest count.
    package var limit: Int

    package static let maximumLimit = 10_000

    package init(
        subject: String? = nil,
        action: String? = nil,
        resource: String? = nil,
        isAllowed: Bool? = nil,
        requestID: String? = nil,
        since: WallTime? = nil,
        limit: Int = 100
    ) {
        self.subject = subject
        self.action = action
        self.resource = resource
        self.isAllowed = isAllowed
        self.requestID = requestID
        self.since = since
        self.limit = min(max(limit, 0), Self.maximumLimit)
    }

    package func matches(_ entry: DecisionLogEntry) -> Bool {
        if let since, entry.time < since { return false }
        if let isAllowed, entry.isAllowed != isAllowed { return false }
        if let action, entry.action != action { return false }
        if let requestID, entry.requestID != requestID { return false }
        if let subject, !Self.names(subject, entry.subject) { return false }
        if let resource, !Self.names(resource, entry.resource) { return false }
        return true
    }

    /// Bytes that a line must have to match, so that most lines need not be parsed: a text as it stands in the line.
    package var needle: [UInt8]? {
        guard let text = requestID ?? subject.map(Self.lastPart) ?? resource.map(Self.lastPart) ?? action else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.append(json: text)
        // Without the quotation marks: an id may go on to the left, where its own slash is.
        return Array(bytes.dropFirst().dropLast())
    }

    private static func names(_ wanted: String, _ entity: DecisionLogEntry.Entity) -> Bool {
        if entity.id == wanted || entity.description == wanted { return true }
        let parts = wanted.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, entity.id == parts[1] else { return false }
        return (try? EntityTypeMapping.entityType(parts[0], in: .subject))?.text == entity.type
    }

    private static func lastPart(_ text: String) -> String {
        text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init) ?? text
    }
}
