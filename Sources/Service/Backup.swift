package import Kernel

/// A consistent copy of the state while the node goes on serving, a piece at a time.
package struct BackupSource: Sendable {
    /// What the copy reflects.
    package let revision: LogIndex
    /// Nil after the last piece. Throws when the copy can no longer be read, or took too long.
    package let next: @Sendable () async throws(ServiceError) -> [UInt8]?

    package init(revision: LogIndex, next: @escaping @Sendable () async throws(ServiceError) -> [UInt8]?) {
        self.revision = revision
        self.next = next
    }
}

/// What a copy is to hold.
package enum BackupKind: String, Hashable, Sendable, CaseIterable {
    case state
    /// Statements of revocation only: what a restore of an older state must not forget.
    case revocations
}
