import ArgumentParser
import Directory
import HTTPAPI
import Identity
import JSON

struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a principal or a token out of action, for good.",
        discussion: """
            A revoked id never acts again and never comes back; make a new one instead. To take somebody out of action \
            for a while, use `reeve quarantine`.

            With --wait the command asks every node of the context for a decision until each of them denies, and prints \
            how long that took. With --action and --resource it shows first that the node allowed it before.

            With --cascade it also holds for everybody whom the principal owns or has spawned, at any remove, now and later; \
            and roles and tokens that any of them has granted count for nothing. With `reeve quarantine` that can be lifted.

            With --warrant it does not wait for the cluster: the statement is signed with the warrant's key, and counts at the \
            first node that answers, though that one reaches no other. No certificate of the context is used, and \
            --passphrase-file and --passphrase-env are those of the warrant's key.
            """
    )

    @Argument(help: ArgumentHelp("KIND/NAME, a name alone for an agent, or token/ID.", valueName: "subject"))
    var subject: RevocationArgument
    @Option(help: "Why.")
    var reason: String
    @Flag(help: "Wait until every node denies, and print how long it took.")
    var wait = false
    @Option(help: "The action that --wait asks about.")
    var action: String?
    @Option(help: ArgumentHelp(#"The resource that --wait asks about: Type::"id"."#, valueName: "resource"))
    var resource: EntityArgument?
    @OptionGroup var authority: TakingOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        let isPrincipal = if case .principal = subject.subject { true } else { false }
        guard (action == nil) == (resource == nil) else {
            throw ValidationError("Give --action and --resource together.")
        }
        guard !wait || isPrincipal else {
            throw ValidationError("--wait works for principals only.")
        }
        guard !authority.cascade || isPrincipal else {
            throw ValidationError("--cascade works for principals only: nobody is below a token.")
        }
        guard !wait || authority.warrant == nil else {
            throw ValidationError("--wait is for revocations that the cluster acknowledges; give it without --warrant.")
        }
    }

    func run() async throws {
        if let warrant = authority.warrant {
            let statement = StatementUnderWarrant(
                file: warrant,
                kind: .revoke,
                subject: subject.subject,
                cascades: authority.cascade,
                reason: reason
            )
            return try await statement.run(common)
        }
        let body = body
        let request = ClusterClient.Request(method: .post, path: "/v1/revocations", body: body)
        guard wait, case .principal(let principal) = subject.subject else {
            let sentence = "\(Self.whom(subject.subject.description, authority.cascade)) revoked"
            return try await common.state(request.path, body, sentence)
        }
        try await common.connection.withClient { client in
            let watch = RevocationWatch(
                client: client,
                principal: principal,
                action: action,
                resource: resource?.reference
            )
            let report = try await Progress.run("waiting until every node denies") { try await watch.run(request) }
            if common.output.json { Console.json(report.json) } else { Console.print(report.text) }
            guard report.isComplete else { throw ExitCode.failure }
        }
    }

    private var body: JSONValue {
        let members: JSONValue = ["subject": .string(subject.subject.description), "reason": .string(reason)]
        return authority.cascade ? members.cascading : members
    }

    /// Subject and verb of a sentence.
    static func whom(_ subject: String, _ cascades: Bool) -> String {
        cascades ? "\(subject) and everybody below are" : "\(subject) is"
    }
}

extension JSONValue {
    /// What is asked for, for everybody below as well. Left out otherwise: nodes of before do not know the member.
    var cascading: JSONValue { .object((objectValue ?? []) + [JSONMember(name: "cascade", value: true)]) }
}
