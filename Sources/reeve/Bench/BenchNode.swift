import Cedar
import Decision
import Directory
import Identity
import Kernel

/// What a node would hold of a workload, and the questions that it would be asked.
struct BenchNode {
    private let snapshot: DecisionSnapshot
    private let questions: [Question]
    private let workspace = DecisionWorkspace()
    /// Half a second after the last proof of freshness.
    private let moment = DecisionMoment(
        interval: TimeInterval(
            earliest: WallTime(milliseconds: 1_700_000_000_000),
            latest: WallTime(milliseconds: 1_700_000_001_000)
        ),
        age: .milliseconds(500)
    )

    init(_ workload: DecisionsWorkload) throws {
        let tagged = workload.listed.first { !$0.tags.isEmpty }
        if let tagged { throw CommandError("\(tagged.uid) has tags, which a directory does not have") }
        snapshot = DecisionSnapshot(recorded: workload.listed, policies: try Self.sets(workload.text))
        questions = try workload.requests.map { try Question(Self.query($0), by: Self.credential($0.principal)) }
    }

    func decide(_ number: Int) -> Bool {
        questions[number].isAllowed(by: snapshot, at: moment, using: workspace)
    }

    /// An object, so that to take one from a list is not to copy it while the clock runs.
    private final class Question {
        let query: DecisionQuery
        let credential: Credential

        init(_ query: DecisionQuery, by credential: Credential) {
            self.query = query
            self.credential = credential
        }

        @inline(never)
        func isAllowed(
            by snapshot: DecisionSnapshot,
            at moment: DecisionMoment,
            using workspace: DecisionWorkspace
        ) -> Bool {
            snapshot.decide(query, by: credential, at: moment, using: workspace).isAllowed
        }
    }

    /// As many as it takes, since none may have more text than a set may have.
    private static func sets(_ text: String) throws -> [ActivePolicySet] {
        let source = try Cedar.PolicyText(text, limits: DecisionsWorkload.syntax)
        var texts = [""]
        for number in source.policies.indices {
            let policy = source.excerpt(source.policies[number].range, of: number) + "\n"
            if texts[texts.count - 1].utf8.count + policy.utf8.count > Limits.policyByteCount { texts.append("") }
            texts[texts.count - 1] += policy
        }
        return try texts.enumerated().map { try ActivePolicySet(name: "set-\($0)", version: 1, text: $1) }
    }

    private static func query(_ request: Request) throws -> DecisionQuery {
        try DecisionQuery(
            subject: (request.principal.type.text, request.principal.id, .empty),
            action: (request.action.id, .empty),
            resource: (request.resource.type.text, request.resource.id, .empty),
            context: request.context
        )
    }

    private static func credential(_ uid: EntityUID) throws -> Credential {
        guard let id = PrincipalID(uid) else { throw CommandError("\(uid) is no principal of a directory") }
        return .principal(id)
    }
}
