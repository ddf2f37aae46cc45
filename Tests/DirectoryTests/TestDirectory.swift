import Directory
import Identity
import Kernel
import Testing
import Wire

/// A directory under test: state machine, rows, log index and log time in one.
struct TestDirectory {
    static let administrator = Digest.of([1])
    static let voter = MemberID(high: 1, low: 1)
    static let start = WallTime(milliseconds: 1_000_000_000)

    let codec: ProtobufCodec
    var state: DirectoryState
    var rows: TrackedTransaction<MemoryStore>
    var index = LogIndex.zero
    var time = TestDirectory.start
    var nextKey = 0

    var view: DirectoryView<TrackedTransaction<MemoryStore>> { DirectoryView(rows, codec: codec) }
    var admin: Caller { .administrator(fingerprint: Self.administrator) }

    /// An empty log.
    init(empty codec: ProtobufCodec) {
        self.codec = codec
        self.state = DirectoryState(codec: codec)
        self.rows = TrackedTransaction(MemoryStore())
    }

    /// A log with its first entry.
    init(_ codec: ProtobufCodec = ProtobufCodec(), settings: Settings = Settings()) {
        self.init(empty: codec)
        let genesis = Self.genesis(settings: settings)
        _ = apply(.bootstrap(genesis), by: .bootstrap, key: "bootstrap")
    }

    static func genesis(settings: Settings = Settings(), featureLevel: FeatureLevel = .supported) -> Genesis {
        Genesis(
            lineage: Lineage(high: 7, low: 7),
            trustDomain: "reeve.test",
            voters: [
                MemberSpec(
                    id: voter,
                    name: "n1",
                    raftAddress: "127.0.0.1:1",
                    apiAddresses: [],
                    keyFingerprint: .of([2])
                )
            ],
            administrator: AdministratorSpec(fingerprint: administrator, name: "root"),
            settings: settings,
            featureLevel: featureLevel
        )
    }

    func command(
        _ body: CommandBody,
        by caller: Caller? = nil,
        vouchedBy voucher: MemberID = TestDirectory.voter,
        key: String,
        notAfter: WallTime? = nil
    ) -> Command {
        Command(
            caller: caller ?? admin,
            authenticatedBy: voucher,
            idempotencyKey: key,
            notAfter: notAfter ?? time.advanced(by: .seconds(60)),
            body: body
        )
    }

    /// Applies as the next entry of the log, under a key of its own unless one is given.
    @discardableResult
    mutating func apply(
        _ body: CommandBody,
        by caller: Caller? = nil,
        vouchedBy voucher: MemberID = TestDirectory.voter,
        key: String? = nil,
        notAfter: WallTime? = nil
    ) -> ApplyOutcome {
        apply(body, by: caller, vouchedBy: voucher, key: key, notAfter: notAfter, carrying: body.memberChange)
    }

    /// `change` is what the entry does to who votes.
    mutating func apply(
        _ body: CommandBody,
        by caller: Caller? = nil,
        vouchedBy voucher: MemberID = TestDirectory.voter,
        key: String? = nil,
        notAfter: WallTime? = nil,
        carrying change: MemberChange?
    ) -> ApplyOutcome {
        nextKey += 1
        let command = command(body, by: caller, vouchedBy: voucher, key: key ?? "key\(nextKey)", notAfter: notAfter)
        index = index.next
        let outcome = state.apply(codec.encode(command), carrying: change, at: index, time: time, to: &rows)
        rows.updateStateRoot()
        return outcome
    }

    /// The result's refusal, nil for success.
    mutating func refusal(
        _ body: CommandBody,
        by caller: Caller? = nil,
        key: String? = nil,
        notAfter: WallTime? = nil
    ) -> CommandResult.Refusal? {
        apply(body, by: caller, key: key, notAfter: notAfter).refusal
    }

    /// For what a test takes for granted.
    mutating func succeed(
        _ bodies: CommandBody...,
        by caller: Caller? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for body in bodies {
            let refusal = refusal(body, by: caller)
            #expect(refusal == nil, "\(body.action)", sourceLocation: sourceLocation)
        }
    }

    mutating func advance(_ span: Span) { time = time.advanced(by: span) }
}

extension ApplyOutcome {
    var applied: Applied? { if case .applied(let applied) = self { applied } else { nil } }
    var done: CommandResult.Done? { if case .done(let done)? = applied?.result { done } else { nil } }
    var refusal: CommandResult.Refusal? { if case .refused(let refusal)? = applied?.result { refusal } else { nil } }
}

extension CommandBody {
    static func put(_ spec: PrincipalSpec, _ precondition: Precondition = .none) -> CommandBody {
        .put(.principal(spec), precondition)
    }
    static func put(_ spec: RoleSpec, _ precondition: Precondition = .none) -> CommandBody {
        .put(.role(spec), precondition)
    }
    static func put(_ spec: AssignmentSpec, _ precondition: Precondition = .none) -> CommandBody {
        .put(.assignment(spec), precondition)
    }
    static func put(_ spec: ResourceSpec, _ precondition: Precondition = .none) -> CommandBody {
        .put(.resource(spec), precondition)
    }
}

extension PrincipalID: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        guard let id = PrincipalID(parsing: text) else { preconditionFailure("\(text) names no principal") }
        self = id
    }
}
