internal import Decision
internal import Directory
internal import JSON
internal import Kernel
internal import Service

/// What a node says of itself.
struct NodeReport: Sendable {
    let status: NodeStatus
    let now: WallTime
    let age: Kernel.Span?
    /// Past which decisions are refused, where no policy says otherwise.
    let toleratedAge: Kernel.Span
    let isCaughtUp: Bool
    let certificateRemaining: Kernel.Span
    let certificateWarning: Kernel.Span
    let renewal: CertificateRenewalReport?
    let rollouts: [RolloutShare]
    /// Why the state cannot be read whole, if so: then every decision denies.
    let damage: StateDamage?
    let unreadPolicies: [UnreadPolicies]
    let counts: @Sendable (RolloutStage) -> RolloutCounts

    init(_ status: NodeStatus, _ client: any ReplicaClient, _ options: AdminAPI.Options) {
        let now = client.now()
        let state = client.decisionState
        self.status = status
        self.now = now.wall
        self.age = state.freshness.map { $0.age(at: now) }
        self.toleratedAge = state.snapshot.maximumAge
        self.isCaughtUp = state.isServing
        self.certificateRemaining = status.certificateExpiresAt.elapsed(since: now.wall)
        self.certificateWarning = options.certificateWarning
        self.renewal = options.renewal()
        self.rollouts = state.snapshot.rollouts
        self.damage = state.snapshot.damage
        self.unreadPolicies = state.snapshot.unreadPolicies
        self.counts = options.rolloutCounts
    }

    /// Why the node is not ready; nil when it is.
    var unreadiness: String? {
        if let reason = status.haltReason { return "the node has halted: \(reason)" }
        if damage != nil { return "the state cannot be read whole, so that every decision denies" }
        if let reason = status.role == NodeStatus.edge ? edgeUnreadiness : memberUnreadiness { return reason }
        if !status.isServing || !isCaughtUp { return "the node has not caught up with the cluster yet" }
        if age == nil { return "the node has no proof yet that its state is current" }
        return nil
    }

    private var memberUnreadiness: String? {
        guard status.leader == nil else { return nil }
        return status.exclusion ?? "the node knows no leader"
    }

    /// It follows no leader, but what voters seal: the age of that says whether it hears of them.
    private var edgeUnreadiness: String? {
        if let reason = status.exclusion { return reason }
        if let age, age <= toleratedAge { return nil }
        if let progress = snapshotProgress { return "this edge takes \(progress)" }
        guard let age else { return nil }
        return "the newest seal that has reached this edge is of \(age.milliseconds / 1000) s ago"
    }

    /// Nil before it is known what comes.
    private var snapshotProgress: String? {
        guard let snapshot = status.snapshot, let index = snapshot.index else { return nil }
        return "the state at revision \(index.number) from \(snapshot.from): "
            + "\(snapshot.byteCount) bytes of \(snapshot.expectedByteCount) at most"
    }

    /// Of a node that is ready. What it cannot do like the others is said here, and keeps no client away: if the whole cluster runs a
    /// program that cannot read the policies, nobody would answer. Which they are, and what is wrong with them, is for those who are known.
    var readiness: JSONValue {
        guard !unreadPolicies.isEmpty else { return ["ready": true] }
        return ["ready": true, "degraded": "this node decides by earlier policies than are active in the cluster"]
    }

    var warnings: [String] {
        damageWarnings + sealWarnings + policyWarnings + logWarnings + certificateWarnings + rolloutWarnings
    }

    private var damageWarnings: [String] {
        damage.map { ["the node denies every decision, since its state cannot be read whole: \($0)"] } ?? []
    }

    /// Voters seal each second, and a few hops take less than that.
    private static let expectedSealAge = Kernel.Span.seconds(10)

    private var sealWarnings: [String] {
        guard status.role == NodeStatus.edge, let age, age > Self.expectedSealAge else { return [] }
        return [
            "the newest seal that has reached this edge is of \(age.milliseconds / 1000) s ago; "
                + "past \(toleratedAge.milliseconds / 1000) s it denies"
        ]
    }

    private var policyWarnings: [String] {
        unreadPolicies.map {
            "\($0.set) version \($0.version), which is active, cannot be read by this node's program, which decides by version "
                + "\($0.inForce): \($0.reason)"
        }
    }

    private var rolloutWarnings: [String] {
        rollouts.compactMap { share in
            share.failure.map {
                "\(share.stage.set) version \(share.spec.version), which is rolled out, cannot be put in force on this node, which "
                    + "decides by the version before: \($0)"
            }
        }
    }

    private var certificateWarnings: [String] {
        let failure = renewal?.lastFailure
        guard certificateRemaining <= certificateWarning else {
            return failure.map { ["the node's certificate is not renewed: \($0)"] } ?? []
        }
        let days = certificateRemaining.milliseconds / 86_400_000
        let state = certificateRemaining == .zero ? "has expired" : "expires in \(days) day(s)"
        let reason = failure.map { ", since it is not renewed: \($0)" } ?? ""
        return ["the node's certificate \(state)\(reason); run `reeve node renew` on its machine"]
    }

    private var logWarnings: [String] {
        guard !status.log.isWhole else { return [] }
        return [
            "the log on this node's disk is damaged; until its peers have repaired it the node neither votes nor leads; "
                + "check the disk"
        ]
    }
}
