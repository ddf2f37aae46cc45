import Cedar
import Decision
import Directory
import Identity
import Kernel
import Simulator
import Wire

/// A snapshot that grows a batch at a time, as a node's does; the rows of a batch are not kept, so that what is in memory in the
/// end is the snapshot.
struct SnapshotWorld {
    /// Agents whose rows are in memory at a time.
    static let batch = 1_000
    /// Policies in a set.
    private static let setSize = 1_000
    private static let roleCount = 1_000

    private let codec = ProtobufCodec()
    private let rolesEach: Int
    private var snapshot = DecisionSnapshot()
    private var index = LogIndex.zero
    /// Of the policy sets, by number.
    private var texts: [String] = []
    private var versions: [UInt64] = []

    init(roles: Int) { rolesEach = roles }

    mutating func addAgents(_ numbers: Range<Int>) throws {
        let rows = try numbers.flatMap { try self.rows(ofAgent: $0) }
        try advance(try numbers.map { .principalChanged(try agent($0)) }, from: store(rows))
    }

    /// - Returns: How long a node takes for it.
    mutating func changeAgent(number: Int, round: Int) throws -> Duration {
        let store = store(try rows(ofAgent: number, ["round": .long(Int64(round))]))
        return try advance([.principalChanged(try agent(number))], from: store)
    }

    mutating func addPolicies(_ count: Int) throws {
        for first in stride(from: 0, to: count, by: Self.setSize) {
            texts.append((first..<min(first + Self.setSize, count)).map(Self.policy).joined())
            versions.append(0)
            try activate(texts.count - 1)
        }
    }

    /// To one of the sets.
    ///
    /// - Returns: How long a node takes for it.
    mutating func addPolicy(round: Int) throws -> Duration {
        let set = round % texts.count
        let text = texts[set]
        texts[set] += Self.policy(1_000_000 + round)
        let elapsed = try activate(set)
        texts[set] = text
        try activate(set)
        return elapsed
    }

    @discardableResult
    private mutating func activate(_ set: Int) throws -> Duration {
        versions[set] += 1
        let name = "set-\(set)"
        let metadata = metadata
        let version = PolicyVersionRecord(
            set: name,
            version: versions[set],
            text: texts[set],
            note: "",
            author: .bootstrap,
            state: .active,
            activatedAt: .distantPast,
            metadata: metadata
        )
        let record = PolicySetRecord(
            name: name,
            activeVersion: versions[set],
            latestVersion: versions[set],
            metadata: metadata
        )
        return try advance([.policiesActivated(set: name)], from: store([.policySet(record), .policyVersion(version)]))
    }

    /// The snapshot before is kept until the new one is there, so that whatever they do not share is copied.
    @discardableResult
    private mutating func advance(_ events: [DirectoryEvent], from store: SortedStore) throws -> Duration {
        index = index.next
        var next = snapshot
        let elapsed = ContinuousClock().measure {
            next = snapshot.updated(with: events, at: index, from: store, codec: codec)
        }
        if let damage = next.damage { throw CommandError("a row that was just written cannot be read: \(damage)") }
        snapshot = next
        return elapsed
    }

    private func store(_ records: [StoredRecord]) -> SortedStore {
        var store = SortedStore()
        for record in records { store.set(codec.encode(record), for: record.key) }
        return store
    }

    private func agent(_ number: Int) throws -> PrincipalID {
        let name = Self.name(number)
        guard let id = PrincipalID(kind: .agent, name: name) else { throw CommandError("\(name) is no name") }
        return id
    }

    /// Longer than the 15 bytes that a string has room for in its own place, as most names are.
    private static func name(_ number: Int) -> String { "payments-agent-\(number)" }

    private func rows(ofAgent number: Int, _ attributes: Attributes = .empty) throws -> [StoredRecord] {
        let principal = PrincipalSpec(id: try agent(number), attributes: attributes)
        let assignments = (0..<rolesEach).map { role in
            AssignmentSpec(
                id: "\(Self.name(number)).\(role)",
                principal: principal.id,
                role: "role-\((number * 31 + role * 337) % Self.roleCount)"
            )
        }
        return [.principal(PrincipalRecord(spec: principal, metadata: metadata))]
            + assignments.map { .assignment(AssignmentRecord(spec: $0, grantor: .bootstrap, metadata: metadata)) }
    }

    private var metadata: RecordMetadata {
        RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: index)
    }

    private static func policy(_ number: Int) -> String {
        """
        @id("policy-\(number)")
        permit(principal in Role::"role-\(number % roleCount)", action == Action::"call", resource)
        when { resource == Tool::"tool-\(number)" && context.amount < \(number) };

        """
    }
}
