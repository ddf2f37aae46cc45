package import Identity
package import Kernel

/// First byte of a key: which table the row is in. Part of the state's format: append, never change.
package enum Table: UInt8, CaseIterable, Sendable {
    case cluster = 0x01
    case ledger = 0x02
    case settings = 0x03
    case principal = 0x04
    case role = 0x05
    case assignment = 0x06
    case resource = 0x07
    case token = 0x08
    case policySet = 0x09
    case policyVersion = 0x0a
    case revocation = 0x0b
    case standing = 0x0c
    case administrator = 0x0d
    case member = 0x0e
    /// By log index.
    case command = 0x0f
    case caller = 0x10
    /// By UUID alone.
    case formerMember = 0x11
    /// By the name of the node to come.
    case joinTicket = 0x12
    case warrant = 0x13
    case refusedStatement = 0x14
    case edge = 0x15
    /// By the name of the policy set.
    case rollout = 0x16

    // Indexes, whose rows follow from the rows above.
    /// Owner or parent, dependent principal.
    case principalDependents = 0x40
    /// Owner, resource.
    case ownedResources = 0x41
    /// Parent, child.
    case roleChildren = 0x42
    /// Parent, child.
    case resourceChildren = 0x43
    /// Principal, assignment.
    case assignmentsByPrincipal = 0x44
    /// Role, assignment.
    case assignmentsByRole = 0x45
    /// Principal, token.
    case tokensByPrincipal = 0x46
    /// Digest of the secret; the value is the token's id.
    case tokenByDigest = 0x47
    /// Subject, statement.
    case revocationsBySubject = 0x48
    /// Caller, idempotency key; the value is the index of the command.
    case retry = 0x49
    /// Caller, not-after, index; the value is the idempotency key. In the order of eviction.
    case retryOrder = 0x4a
    /// Warrant, sequence number, statement.
    case statementsByWarrant = 0x4b
    /// Subject of a statement that cascades.
    case cascades = 0x4c

    // The tree of digests over all rows above. Not covered by itself.
    case treeBucket = 0xf0
    case treeNode = 0xf1

    /// Whether the state root covers the table.
    package var isTracked: Bool { rawValue < Self.treeBucket.rawValue }
}

/// A key under construction. Texts end in a zero byte, which no valid text contains, so that no two lists of components
/// have the same bytes, and keys sort by component. No key is longer than 400 bytes.
package struct Key {
    package private(set) var bytes: [UInt8]

    package init(_ table: Table) { bytes = [table.rawValue] }

    package func text(_ text: String, limit: Int = Limits.nameByteCount) -> Key {
        var key = self
        if text.utf8.count <= limit, !text.utf8.contains(0) {
            key.bytes += text.utf8
        } else {
            // A query may ask for anything. No row has such a name, and this key is none of a row's: 0xff is no UTF-8.
            key.bytes.append(0xff)
            key.bytes += Digest.of(Array(text.utf8)).bytes
        }
        key.bytes.append(0)
        return key
    }

    package func number(_ number: UInt64) -> Key {
        var key = self
        key.bytes.append(bigEndian: number)
        return key
    }

    package func byte(_ byte: UInt8) -> Key {
        var key = self
        key.bytes.append(byte)
        return key
    }

    package func digest(_ digest: Digest) -> Key {
        var key = self
        key.bytes += digest.bytes
        return key
    }

    package func principal(_ id: PrincipalID) -> Key { byte(id.kind.keyByte).text(id.name) }

    package func entity(_ id: EntityName) -> Key { text(id.type, limit: Limits.typeByteCount).text(id.id) }

    package func node(_ id: MemberID) -> Key { number(id.high).number(id.low) }

    package func member(_ id: MemberID) -> Key { node(id).number(UInt64(id.incarnation)) }

    package func subject(_ subject: RevocationSubject) -> Key {
        switch subject {
        case .principal(let id): byte(1).principal(id)
        case .token(let id): byte(2).text(id)
        }
    }

    /// A principal is one caller, with whichever of its credentials it comes.
    package func caller(_ caller: Caller) -> Key {
        switch caller {
        case .administrator(let fingerprint): byte(1).digest(fingerprint)
        case .principal(let id, _): byte(2).principal(id)
        case .node(let member): byte(3).member(member)
        case .bootstrap: byte(4)
        }
    }
}

extension PrincipalKind {
    var keyByte: UInt8 {
        switch self {
        case .agent: 1
        case .service: 2
        case .user: 3
        case .workflow: 4
        }
    }
}
