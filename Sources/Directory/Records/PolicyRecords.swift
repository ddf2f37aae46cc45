package import Kernel

/// A named set of policies, of which at most one version is in force.
package struct PolicySetRecord: Hashable, Sendable {
    package let name: String
    package let activeVersion: UInt64?
    /// Versions count from 1.
    package let latestVersion: UInt64
    package let metadata: RecordMetadata

    package init(name: String, activeVersion: UInt64?, latestVersion: UInt64, metadata: RecordMetadata) {
        self.name = name
        self.activeVersion = activeVersion
        self.latestVersion = latestVersion
        self.metadata = metadata
    }
}

/// One version of a policy set. Its text never changes.
package struct PolicyVersionRecord: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Never was in force.
        case draft
        case active
        /// Was in force.
        case superseded
    }

    package let set: String
    package let version: UInt64
    package let text: String
    package let note: String
    package let author: Caller
    package let state: State
    /// Log time of the last activation.
    package let activatedAt: WallTime?
    package let metadata: RecordMetadata

    package init(
        set: String,
        version: UInt64,
        text: String,
        note: String,
        author: Caller,
        state: State,
        activatedAt: WallTime?,
        metadata: RecordMetadata
    ) {
        self.set = set
        self.version = version
        self.text = text
        self.note = note
        self.author = author
        self.state = state
        self.activatedAt = activatedAt
        self.metadata = metadata
    }
}
