internal import Cedar
internal import Identity

/// What texts may look like, and how large things may be. Part of the replicated rules: a change needs a feature level.
package enum Grammar {
    /// Names of roles, policy sets, assignments and tokens, as for principals.
    package static func isName(_ text: String) -> Bool { PrincipalID.isName(text) }

    /// Prefix of names that Reeve keeps for policy sets of its own.
    package static let reservedPolicySetPrefix = "reeve."
    /// The policy set that decides who may administer.
    package static let administrationSet = "reeve.admin"

    package static func isPolicySetName(_ text: String) -> Bool {
        isName(text) && (!text.hasPrefix(reservedPolicySetPrefix) || text == administrationSet)
    }

    /// Idempotency keys: printable ASCII.
    package static func isIdempotencyKey(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...Limits.nameByteCount).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// A Cedar entity type that does not stand for something that Reeve defines: identifiers joined by `::`.
    package static func isResourceType(_ text: String) -> Bool {
        guard text.utf8.count <= Limits.typeByteCount, isEntityType(text) else { return false }
        let parts = text.split(separator: "::", omittingEmptySubsequences: false)
        return !reservedTypes.contains(text) && parts.first != "Reeve" && parts.last != "Action"
    }

    /// `IDENT ('::' IDENT)*`, where an identifier is of ASCII letters, digits and `_`, starts with no digit and is no
    /// reserved word.
    package static func isEntityType(_ text: String) -> Bool { EntityTypeName.parse(text) != nil }

    /// Id of a resource: any text without control characters.
    package static func isResourceID(_ text: String) -> Bool { isLabel(text, limit: Limits.nameByteCount) }

    /// Name of an action as requests have it.
    package static func isActionName(_ text: String) -> Bool { isLabel(text, limit: Limits.nameByteCount) }

    /// Key of a node's label: an ASCII letter in lower case, then such letters, digits, `.`, `_`, `-` and `/`.
    package static func isLabelKey(_ text: String) -> Bool {
        guard let first = text.utf8.first, lowerCase.contains(first) else { return false }
        return text.utf8.count <= Limits.labelByteCount
            && text.utf8.allSatisfy { lowerCase.contains($0) || digits.contains($0) || "._-/".utf8.contains($0) }
    }

    /// Its value: ASCII letters, digits, `.`, `_` and `-`.
    package static func isLabelValue(_ text: String) -> Bool {
        (1...Limits.labelByteCount).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                digits.contains(byte) || letters.contains { $0.contains(byte) } || "._-".utf8.contains(byte)
            }
    }

    package static func isAttributeName(_ text: String) -> Bool { isLabel(text, limit: Limits.nameByteCount) }

    /// `host:port`, where the host is a DNS name, an IPv4 address, or an IPv6 address in brackets.
    package static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), text.utf8.count <= Limits.addressByteCount else { return false }
        let port = text[text.index(after: colon)...]
        guard port.utf8.allSatisfy({ digits.contains($0) }), let number = Int(port), (1...65_535).contains(number)
        else {
            return false
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        let name = isBracketed ? host.dropFirst().dropLast() : host
        let marks = isBracketed ? ":." : "-."
        return !name.isEmpty
            && name.utf8.allSatisfy { byte in
                digits.contains(byte) || letters.contains { $0.contains(byte) } || marks.utf8.contains(byte)
            }
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let lowerCase = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let letters = [lowerCase, UInt8(ascii: "A")...UInt8(ascii: "Z")]

    private static func isLabel(_ text: String, limit: Int) -> Bool {
        let bytes = text.utf8
        return (1...limit).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }

    private static let reservedTypes: Set<String> = ["Agent", "Service", "User", "Workflow", "Role"]
}

/// Bounds of the replicated state. Part of the replicated rules: a change needs a feature level.
package enum Limits {
    package static let nameByteCount = 128
    package static let typeByteCount = 64
    package static let textByteCount = 4096
    /// A compressed point of P-256. SEC 1 section 2.3.3.
    package static let publicKeyByteCount = 33
    package static let policyByteCount = 256 * 1024
    package static let policyVersions: UInt64 = 200
    /// Under way at a time, since nodes hold two versions of the sets concerned.
    package static let liveRollouts = 8
    /// Whose reports on a roll-out are recorded.
    package static let rolloutWitnesses = 32
    package static let attributesByteCount = 64 * 1024
    package static let attributeDepth = 32
    package static let parents = 64
    package static let hierarchyDepth = 32
    package static let ancestors = 1024
    /// Looked at behind one role, while something cascades: who granted it, and who had given those a role before.
    package static let grantors = 256
    /// Assignments of one principal, and tokens of one principal.
    package static let grantsPerPrincipal = 1000
    package static let administrators = 100
    package static let voters = 7
    /// Voters and learners.
    package static let members = 64
    /// No more than one list holds.
    package static let edges = 1000
    /// Tickets that have not expired, used or not.
    package static let joinTickets = 100
    package static let apiAddresses = 8
    package static let addressByteCount = 300
    /// Of one node.
    package static let labels = 16
    /// Of a label's key, and of its value.
    package static let labelByteCount = 63
    package static let statementsPerSubject = 64
    package static let statementsPerLift = 64
    package static let warrants = 1000
    package static let statementsPerWarrant: UInt32 = 10_000
    package static let principalsPerWarrant = 1000
    /// Of one number of a warrant. There is no second one unless the key is in two hands.
    static let statementsPerSequence = 8
    /// Principals that the search for somebody who can still activate policies looks at.
    package static let lockoutSearch = 10_000
    /// Of a target or a name that the history keeps.
    package static let historyTextByteCount = 512
    /// How many names a refusal lists.
    package static let refusalNames = 10
    /// Idempotency keys live for a day of log time, and so long ahead at most may not-after lie.
    package static let retentionMilliseconds: UInt64 = 24 * 60 * 60 * 1000
}
