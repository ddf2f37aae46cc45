package import Kernel

/// A roll-out, under way or over. There is one for a policy set at most: the last one.
package struct RolloutRecord: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case running
        /// No ring is opened until an administrator says so; those that are open stay so.
        case halted
        /// The version is in force everywhere.
        case done
        /// The version before is in force everywhere.
        case aborted
        /// Another activation has put an end to it.
        case superseded

        /// Whether some nodes decide by one version and others by the other.
        package var isLive: Bool { self == .running || self == .halted }
    }

    /// Why it is halted.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case administrator
        /// More decisions came out otherwise than the bound allows.
        case changedDecisions = "changed_decisions"
        /// A node cannot put the version in force.
        case failedNode = "failed_node"
        /// The state comes from a backup, and the nodes that had reported are others now.
        case restored
    }

    /// A report, and when it came.
    package struct Witness: Hashable, Sendable {
        package let node: MemberID
        package let counts: RolloutCounts
        package let reportedAt: WallTime

        package init(node: MemberID, counts: RolloutCounts, reportedAt: WallTime) {
            self.node = node
            self.counts = counts
            self.reportedAt = reportedAt
        }
    }

    package let spec: RolloutSpec
    /// In force outside of the open rings; nil where no version of the set was in force.
    package let base: UInt64?
    package let began: LogIndex
    package let author: Caller
    package let state: State
    /// While it is halted.
    package let reason: Reason?
    /// Whose report halted it.
    package let culprit: MemberID?
    /// Place of the newest ring that is open.
    package let stage: UInt32
    package let stageOpenedAt: WallTime
    /// Of this stage, in the order of the nodes.
    package let witnesses: [Witness]
    package let metadata: RecordMetadata

    package init(
        spec: RolloutSpec,
        base: UInt64?,
        began: LogIndex,
        author: Caller,
        state: State = .running,
        reason: Reason? = nil,
        culprit: MemberID? = nil,
        stage: UInt32 = 0,
        stageOpenedAt: WallTime,
        witnesses: [Witness] = [],
        metadata: RecordMetadata
    ) {
        self.spec = spec
        self.base = base
        self.began = began
        self.author = author
        self.state = state
        self.reason = reason
        self.culprit = culprit
        self.stage = stage
        self.stageOpenedAt = stageOpenedAt
        self.witnesses = witnesses.sorted { $0.node < $1.node }
        self.metadata = metadata
    }

    package var isLive: Bool { state.isLive }
    package var openRings: ArraySlice<Ring> { spec.rings.prefix(Int(stage) + 1) }
    package var isLastStage: Bool { Int(stage) + 1 >= spec.rings.count }
    package var stageID: RolloutStage { RolloutStage(set: spec.set, openedAt: stageOpenedAt, number: stage) }

    /// Whether a node so labelled decides by the new version.
    package func isOpen(to labels: Labels) -> Bool { isLive && openRings.contains { $0.contains(labels) } }

    /// What the nodes have counted. None weighs more than the decisions that are asked for, so that one that lies cannot outweigh
    /// the others with a large number.
    package var total: RolloutCounts {
        let limit = UInt64(max(1, spec.minimumDecisions))
        return witnesses.reduce(.none) { $0 + $1.counts.scaled(to: limit) }
    }
}
