import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing
import Wire

/// A directory that is changed by commands, and the snapshot that follows it.
struct World {
    static let administrator = Digest.of([1])
    static let voter = MemberID(high: 1, low: 1)
    private static let lineage = Lineage(high: 7, low: 7)

    let codec = ProtobufCodec()
    var state: DirectoryState
    var rows: TrackedTransaction<MemoryStore>
    var snapshot = DecisionSnapshot()
    var index = LogIndex.zero
    var time = WallTime(milliseconds: 1_000_000_000)
    /// For decisions: how far the present may lie after the time that was proved, and how old the proof is.
    var uncertainty = Span.zero
    var age = Span.zero

    let admin = Credential.administrator(fingerprint: administrator)

    init() {
        state = DirectoryState(codec: codec)
        rows = TrackedTransaction(MemoryStore())
        let genesis = Genesis(
            lineage: Self.lineage,
            trustDomain: "reeve.test",
            voters: [
                MemberSpec(id: Self.voter, name: "n1", raftAddress: "", apiAddresses: [], keyFingerprint: .of([2]))
            ],
            administrator: AdministratorSpec(fingerprint: Self.administrator, name: "root")
        )
        apply(Command.bootstrap(genesis))
    }

    @discardableResult
    mutating func apply(_ command: Command) -> CommandResult? {
        index = index.next
        let change = command.body.memberChange
        let outcome = state.apply(command, carrying: change, at: index, time: time, to: &rows)
        guard case .applied(let applied) = outcome else { return nil }
        snapshot = snapshot.updated(with: applied.events, at: index, from: rows, codec: codec)
        return applied.result
    }

    @discardableResult
    mutating func attempt(_ body: CommandBody, key: String? = nil) -> CommandResult? {
        apply(
            Command(
                caller: .administrator(fingerprint: Self.administrator),
                authenticatedBy: Self.voter,
                idempotencyKey: key ?? "k\(index.number)",
                notAfter: time.advanced(by: .seconds(60)),
                body: body
            )
        )
    }

    mutating func succeed(_ bodies: CommandBody..., sourceLocation: SourceLocation = #_sourceLocation) {
        for body in bodies {
            guard case .done? = attempt(body) else {
                Issue.record("\(body.action) was refused", sourceLocation: sourceLocation)
                return
            }
        }
    }

    /// Of this cluster's log, which has no such warrant: decisions do not ask for it.
    static func statement(
        _ kind: RevocationKind,
        against subject: RevocationSubject,
        cascades: Bool = false,
        _ sequence: UInt32 = 1
    ) -> SignedStatement {
        let statement = Statement(
            lineage: lineage,
            warrant: "w",
            sequence: sequence,
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: "",
            issuedAt: .distantPast
        )
        return SignedStatement(statement, signature: [])
    }

    /// Puts a policy text in force.
    mutating func enact(_ text: String, set: String = "app", sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .done(let done)? = attempt(.draftPolicies(PolicyDraft(set: set, text: text))),
            let version = done.created.first.flatMap({ UInt64($0) })
        else {
            Issue.record("the policies were refused", sourceLocation: sourceLocation)
            return
        }
        succeed(.activatePolicies(set: set, version: version, .none), sourceLocation: sourceLocation)
    }

    var moment: DecisionMoment {
        DecisionMoment(interval: TimeInterval(earliest: time, latest: time.advanced(by: uncertainty)), age: age)
    }

    func decide(_ query: DecisionQuery, by credential: Credential) -> DecisionAnswer {
        snapshot.decide(query, by: credential, at: moment)
    }

    /// Asks for a principal with its own credential.
    func code(_ principal: PrincipalID, _ action: String, _ resource: String = "mail") throws -> DecisionCode {
        decide(try Self.query(principal, action, resource), by: .principal(principal)).code
    }

    static func query(
        _ principal: PrincipalID,
        _ action: String,
        _ resource: String = "mail",
        subjectProperties: Cedar.Record = .empty,
        actionProperties: Cedar.Record = .empty,
        resourceProperties: Cedar.Record = .empty,
        context: Cedar.Record = .empty
    ) throws -> DecisionQuery {
        try DecisionQuery(
            subject: (principal.kind.rawValue, principal.name, subjectProperties),
            action: (action, actionProperties),
            resource: ("tool", resource, resourceProperties),
            context: context
        )
    }
}

extension PrincipalID: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        guard let id = PrincipalID(parsing: text) else { preconditionFailure("\(text) names no principal") }
        self = id
    }
}
