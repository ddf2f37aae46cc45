internal import JSON
internal import Kernel

/// Asks a cluster of Reeve nodes for decisions: the nearest one that answers, and another one when that is slow or gone.
///
///     let client = try await ReeveClient(
///         seeds: [Seed(decisions: "https://127.0.0.1:7403", admin: "https://127.0.0.1:7402")],
///         identity: .certificate(chainFile: "gateway.crt", keyFile: "gateway.key"),
///         trust: .roots(file: "roots.crt")
///     )
///     let question = Question(subject: .init("agent", "invoice-bot"), action: "read", resource: .init("database", "ledger"))
///     if await client.permits(question) { … }
///     await client.shutdown()
///
/// Whatever is not an answer is an error: no permission comes of a failure. Answers are not kept, since a revocation would
/// not reach what was kept. Only questions are sent, so to send one twice does no harm but a second line in a decision log.
public actor ReeveClient {
    let options: ReeveClientOptions
    let identity: ReeveIdentity
    let trust: ReeveTrust
    var selection: NodeSelection
    var transport: Transport
    /// With former certificates, and until when calls may be on their way on them.
    var retired: [(transport: Transport, until: Instant)] = []
    var revision: ReadRevision
    var isShutDown = false
    var maintenance: Task<Void, Never>?
    var nextDiscovery = Instant.zero
    var nextIdentityLook: Instant
    var discoveryProblem: String?
    /// Since a node answered last, of those in the order of distance.
    var failedDiscoveries = 0
    var identityProblem: String?
    private var callCount = 0
    private var lastRefusal: Instant?
    private let origin: ContinuousClock.Instant

    /// Reads the files and checks addresses and options; asks nobody yet.
    ///
    /// - Parameters:
    ///   - seeds: At least one; the first is asked first until round trips are known.
    ///   - identity: What proves to nodes who asks: files of a certificate and its key, or of a token. They are read again now and
    ///     then, so that they may be renewed in place.
    ///   - trust: What proves to the program that it asks its own cluster: the roots.
    /// - Throws: `ReeveClientError.configuration`.
    public init(
        seeds: [Seed],
        identity: ReeveIdentity,
        trust: ReeveTrust,
        options: ReeveClientOptions = ReeveClientOptions()
    ) async throws(ReeveClientError) {
        let options = try options.checked()
        guard !seeds.isEmpty else { throw ReeveClientError(.configuration, "there must be a node to begin with") }
        var addresses: [NodeAddress] = []
        for seed in seeds { addresses.append(try NodeAddress(seed)) }
        self.options = options
        self.identity = identity
        self.trust = trust
        self.selection = NodeSelection(seeds: addresses, options: options.selection)
        self.revision = ReadRevision(isMonotonic: options.readsAreMonotonic)
        self.nextIdentityLook = Instant.zero.advanced(by: Span(options.identityInterval))
        self.origin = .now
        self.transport = Transport(try await LoadedIdentity.load(identity, trust), options)
    }

    /// The decision on one question.
    ///
    /// - Parameters:
    ///   - revision: Of a write that the decision has to reflect, beside those that `noteWrite` was told of.
    ///   - requestID: Comes back, and stands in the decision log: 1 to 256 printable ASCII characters.
    /// - Throws: Whenever there is no decision. A node that cannot decide gives a denial with its reason, such as `stale`, if no
    ///   other node does better.
    public func decide(
        _ question: Question,
        atLeast revision: UInt64? = nil,
        requestID: String? = nil
    ) async throws(ReeveClientError) -> Decision {
        let call = Transport.Call(
            path: "/access/v1/evaluation",
            body: question.json.serialized(),
            requestID: try Self.checked(requestID),
            expectation: .one
        )
        guard let decision = try await perform(call, atLeast: revision).first else {
            throw ReeveClientError(.unavailable, "an answer without a decision")
        }
        return decision
    }

    /// Decisions on several questions, all from one state of one node, in their order; fewer than questions where the semantic
    /// ends the batch.
    ///
    /// - Parameter questions: 1 to 100.
    public func decide(
        _ questions: [Question],
        _ semantic: BatchSemantic = .executeAll,
        atLeast revision: UInt64? = nil,
        requestID: String? = nil
    ) async throws(ReeveClientError) -> [Decision] {
        guard (1...100).contains(questions.count) else {
            throw ReeveClientError(.invalidQuestion, "a batch has 1 to 100 questions, not \(questions.count)")
        }
        let call = Transport.Call(
            path: "/access/v1/evaluations",
            body: Question.batch(questions, semantic).serialized(),
            requestID: try Self.checked(requestID),
            expectation: .batch(count: questions.count, semantic)
        )
        return try await perform(call, atLeast: revision)
    }

    /// Whether to let a request through: false for a denial, for an obligation that is not in `known`, and for any error.
    ///
    /// - Parameters:
    ///   - known: Obligations that the program meets.
    ///   - revision: Of a write that the decision has to reflect, beside those that `noteWrite` was told of.
    ///   - requestID: Stands in the decision log: 1 to 256 printable ASCII characters.
    public func permits(
        _ question: Question,
        meeting known: Set<String> = [],
        atLeast revision: UInt64? = nil,
        requestID: String? = nil
    ) async -> Bool {
        do {
            return try await decide(question, atLeast: revision, requestID: requestID).permits(meeting: known)
        } catch {
            return false
        }
    }

    /// Decisions from now on reflect this revision, which a write was answered with, whichever node makes them.
    ///
    /// A revision belongs to a cluster's log. After a cluster has been restored from a backup, begin with a new client.
    public func noteWrite(revision: UInt64) { self.revision.wrote(revision) }

    /// Ends all calls and connections; calls after it fail with `shutDown`. To be called before the client is let go of, since
    /// nothing else closes its connections. A second call does nothing.
    public func shutdown() async {
        guard !isShutDown else { return }
        isShutDown = true
        maintenance?.cancel()
        for transport in retired.map(\.transport) + [transport] { await transport.shutdown() }
        retired = []
        await maintenance?.value
    }

    var now: Instant { Instant(microseconds: Span(ContinuousClock.now - origin).microseconds) }

    func clockTime(_ instant: Instant) -> ContinuousClock.Instant {
        origin + .microseconds(Int64(clamping: instant.microseconds))
    }

    /// The files may have been renewed since they were last looked at; refusals in quick succession make one look.
    private func renewRefusedIdentity() async {
        let time = now
        if let lastRefusal, time.elapsed(since: lastRefusal) < .seconds(1) { return }
        lastRefusal = time
        await reloadIdentity()
    }

    private static func checked(_ requestID: String?) throws(ReeveClientError) -> String? {
        guard let requestID else { return nil }
        guard (1...256).contains(requestID.utf8.count), requestID.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw ReeveClientError(.invalidQuestion, "a request id is 1 to 256 printable ASCII characters")
        }
        return requestID
    }

    private func perform(
        _ call: Transport.Call,
        atLeast revision: UInt64?
    ) async throws(ReeveClientError) -> [Decision] {
        guard !isShutDown else { throw ReeveClientError(.shutDown, "the client was shut down") }
        guard callCount < options.maximumCallCount else {
            throw ReeveClientError(.tooManyCalls, "\(options.maximumCallCount) calls are on their way already")
        }
        callCount += 1
        defer { callCount -= 1 }
        startMaintenance()
        let deadline = now.advanced(by: Span(options.callTimeout))
        let floor = self.revision.floor(atLeast: revision)
        let call = call.reflecting(floor)
        let shown = transport.identity.digest
        do throws(ReeveClientError) {
            return try await run(call, DecisionCall(floor: floor, deadline: deadline)).get()
        } catch {
            guard error.code == .unauthenticated else { throw error }
            await renewRefusedIdentity()
            guard transport.identity.digest != shown else { throw error }
            return try await run(call, DecisionCall(floor: floor, deadline: deadline)).get()
        }
    }
}
