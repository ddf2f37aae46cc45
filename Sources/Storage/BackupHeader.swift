package import Consensus
package import Kernel
internal import Wire

/// What a backup file says of itself before its rows.
package struct BackupHeader: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        /// The whole state.
        case state = 1
        /// Statements of revocation, and what it takes to place them.
        case revocations = 2
    }

    package let kind: Kind
    package let lineage: Lineage
    /// What the rows reflect.
    package let point: SnapshotPoint
    /// Of the whole state at that point, whatever part of it the file holds.
    package let stateRoot: Digest
    package let createdAt: WallTime

    package init(kind: Kind, lineage: Lineage, point: SnapshotPoint, stateRoot: Digest, createdAt: WallTime) {
        self.kind = kind
        self.lineage = lineage
        self.point = point
        self.stateRoot = stateRoot
        self.createdAt = createdAt
    }

    /// Big-endian: kind (1) · lineage (16) · created (8) · state root (32) · point.
    var bytes: [UInt8] {
        var bytes = [kind.rawValue]
        for number in [lineage.high, lineage.low, createdAt.milliseconds] { bytes.append(bigEndian: number) }
        return bytes + stateRoot.bytes + RaftCodec.encode(point)
    }

    init?(bytes: [UInt8]) {
        guard let kind = bytes.first.flatMap({ Kind(rawValue: $0) }), bytes.count > Self.fixedByteCount,
            let root = Digest(bytes: bytes[25..<Self.fixedByteCount]),
            let point = try? RaftCodec.decodeSnapshotPoint(Array(bytes[Self.fixedByteCount...]))
        else { return nil }
        self.init(
            kind: kind,
            lineage: Lineage(high: bytes.bigEndian64(at: 1), low: bytes.bigEndian64(at: 9)),
            point: point,
            stateRoot: root,
            createdAt: WallTime(milliseconds: bytes.bigEndian64(at: 17))
        )
    }

    private static let fixedByteCount = 57
    static let maximumByteCount = 64 * 1024
}

/// Why a file is no backup that can be trusted.
package struct BackupError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path): \(reason); nothing was changed" }
}
