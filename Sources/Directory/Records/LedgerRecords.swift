package import Kernel

/// One administrative command and what became of it: the history that `audit` searches, and the memory by which a
/// retry gets the answer of the first attempt.
package struct CommandRecord: Hashable, Sendable {
    package let index: LogIndex
    package let time: WallTime
    package let caller: Caller
    package let authenticatedBy: MemberID
    /// Name of the action as policies see it, such as `putRole`.
    package let action: String
    package let target: String
    package let result: CommandResult
    package let idempotencyKey: String
    package let notAfter: WallTime
    /// Digest of the encoded body.
    package let bodyDigest: Digest

    package init(
        index: LogIndex,
        time: WallTime,
        caller: Caller,
        authenticatedBy: MemberID,
        action: String,
        target: String,
        result: CommandResult,
        idempotencyKey: String,
        notAfter: WallTime,
        bodyDigest: Digest
    ) {
        self.index = index
        self.time = time
        self.caller = caller
        self.authenticatedBy = authenticatedBy
        self.action = action
        self.target = target
        self.result = result
        self.idempotencyKey = idempotencyKey
        self.notAfter = notAfter
        self.bodyDigest = bodyDigest
    }
}

/// What the state machine remembers from one command to the next, apart from objects.
package struct LedgerRecord: Hashable, Sendable {
    /// Timestamp of the last applied command. Never goes back.
    package let time: WallTime
    /// How many command records there are.
    package let commandCount: UInt64
    /// Command records below this index have no idempotency key in force.
    package let retryFloor: LogIndex
    /// Count of recorded statements of revocation, quarantine and restriction.
    package let epoch: UInt64

    package init(time: WallTime, commandCount: UInt64, retryFloor: LogIndex, epoch: UInt64) {
        self.time = time
        self.commandCount = commandCount
        self.retryFloor = retryFloor
        self.epoch = epoch
    }
}

/// How many idempotency keys of a caller are in force.
package struct CallerRecord: Hashable, Sendable {
    /// Without the token, if any: a principal is one caller.
    package let caller: Caller
    package let pendingCount: UInt32

    package init(caller: Caller, pendingCount: UInt32) {
        self.caller = caller
        self.pendingCount = pendingCount
    }
}

/// What the first entry of the log pinned, and the feature level reached since.
package struct ClusterRecord: Hashable, Sendable {
    package let lineage: Lineage
    package let trustDomain: String
    package let featureLevel: FeatureLevel
    package let metadata: RecordMetadata

    package init(lineage: Lineage, trustDomain: String, featureLevel: FeatureLevel, metadata: RecordMetadata) {
        self.lineage = lineage
        self.trustDomain = trustDomain
        self.featureLevel = featureLevel
        self.metadata = metadata
    }
}

package struct SettingsRecord: Hashable, Sendable {
    package let settings: Settings
    package let metadata: RecordMetadata

    package init(settings: Settings, metadata: RecordMetadata) {
        self.settings = settings
        self.metadata = metadata
    }
}
