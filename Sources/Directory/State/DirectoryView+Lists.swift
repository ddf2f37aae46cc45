package import Identity
package import Kernel

/// Where a list goes on: opaque to callers, who give back what they got.
package struct ListCursor: Hashable, Sendable {
    /// The key after which the next page starts.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// A part of a list, in the order of keys, and where the next part starts if there is more.
package struct Page<Element> {
    package let items: [Element]
    package let next: ListCursor?

    package init(items: [Element], next: ListCursor?) {
        self.items = items
        self.next = next
    }
}

extension Page: Sendable where Element: Sendable {}

/// Which part of a list is wanted.
package struct ListRequest: Hashable, Sendable {
    /// Only names that start so. Compared by bytes.
    package let namePrefix: String
    package let after: ListCursor?
    /// At least 1.
    package let limit: Int

    package static let maximumLimit = 1000

    package init(namePrefix: String = "", after: ListCursor? = nil, limit: Int = 100) {
        self.namePrefix = namePrefix
        self.after = after
        self.limit = min(max(limit, 1), Self.maximumLimit)
    }
}

extension DirectoryView {
    package func principals(
        _ kind: PrincipalKind,
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<PrincipalRecord> {
        try page(Key(.principal).principals(kind), request) {
            if case .principal(let record) = $0 { record } else { nil }
        }
    }

    package func roles(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<RoleRecord> {
        try page(Key(.role), request) { if case .role(let record) = $0 { record } else { nil } }
    }

    package func assignments(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<AssignmentRecord> {
        try page(Key(.assignment), request) { if case .assignment(let record) = $0 { record } else { nil } }
    }

    /// Of one type, or of all types when nil.
    package func resources(
        type: String? = nil,
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<ResourceRecord> {
        let table = type.map { Key(.resource).text($0, limit: Limits.typeByteCount) } ?? Key(.resource)
        return try page(table, request) { if case .resource(let record) = $0 { record } else { nil } }
    }

    package func tokens(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<TokenRecord> {
        try page(Key(.token), request) { if case .token(let record) = $0 { record } else { nil } }
    }

    package func policySets(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<PolicySetRecord> {
        try page(Key(.policySet), request) { if case .policySet(let record) = $0 { record } else { nil } }
    }

    /// Oldest first.
    package func policyVersions(
        of set: String,
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<PolicyVersionRecord> {
        try page(Key(.policyVersion).text(set), request) {
            if case .policyVersion(let record) = $0 { record } else { nil }
        }
    }

    package func rollouts(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<RolloutRecord> {
        try page(Key(.rollout), request) { if case .rollout(let record) = $0 { record } else { nil } }
    }

    /// In the order of their digests, which is no order of time.
    package func revocations(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<RevocationRecord> {
        try page(Key(.revocation), request) { if case .revocation(let record) = $0 { record } else { nil } }
    }

    package func warrants(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<WarrantRecord> {
        try page(Key(.warrant), request) { if case .warrant(let record) = $0 { record } else { nil } }
    }

    /// In the order of their digests.
    package func refusedStatements(
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<RefusedStatementRecord> {
        try page(Key(.refusedStatement), request) { if case .refusedStatement(let record) = $0 { record } else { nil } }
    }

    package func standings(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<StandingRecord> {
        try page(Key(.standing), request) { if case .standing(let record) = $0 { record } else { nil } }
    }

    package func administrators(
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<AdministratorRecord> {
        try page(Key(.administrator), request) { if case .administrator(let record) = $0 { record } else { nil } }
    }

    package func members(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<MemberRecord> {
        try page(Key(.member), request) { if case .member(let record) = $0 { record } else { nil } }
    }

    package func edges(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<EdgeRecord> {
        try page(Key(.edge), request) { if case .edge(let record) = $0 { record } else { nil } }
    }

    package func formerMembers(
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<FormerMemberRecord> {
        try page(Key(.formerMember), request) { if case .formerMember(let record) = $0 { record } else { nil } }
    }

    package func allMembers() throws(StateDamage) -> [MemberRecord] {
        try all { request throws(StateDamage) in try members(request) }
    }

    package func allEdges() throws(StateDamage) -> [EdgeRecord] {
        try all { request throws(StateDamage) in try edges(request) }
    }

    /// Nodes come and go, and whoever went is known for ever.
    package func allFormerMembers() throws(StateDamage) -> [FormerMemberRecord] {
        try all { request throws(StateDamage) in try formerMembers(request) }
    }

    /// Of every page.
    private func all<Record>(
        _ page: (ListRequest) throws(StateDamage) -> Page<Record>
    ) throws(StateDamage) -> [Record] {
        var found: [Record] = []
        var cursor: ListCursor?
        repeat {
            let next = try page(ListRequest(after: cursor, limit: ListRequest.maximumLimit))
            found += next.items
            cursor = next.next
        } while cursor != nil
        return found
    }

    package func joinTickets(_ request: ListRequest = ListRequest()) throws(StateDamage) -> Page<JoinTicketRecord> {
        try page(Key(.joinTicket), request) { if case .joinTicket(let record) = $0 { record } else { nil } }
    }

    /// The history, oldest first, from an index on.
    package func commands(
        from index: LogIndex = .zero,
        limit: Int = 100
    ) throws(StateDamage) -> Page<CommandRecord> {
        let start = index == .zero ? nil : ListCursor(bytes: Key(.command).number(index.previous.number).bytes)
        return try page(Key(.command), ListRequest(after: start, limit: limit)) {
            if case .command(let record) = $0 { record } else { nil }
        }
    }

    package func assignments(of principal: PrincipalID) throws(StateDamage) -> [AssignmentRecord] {
        try names(under: Key(.assignmentsByPrincipal).principal(principal), limit: Limits.grantsPerPrincipal)
            .map(required: assignment)
    }

    package func assignments(
        ofRole role: String,
        _ request: ListRequest = ListRequest()
    ) throws(StateDamage) -> Page<AssignmentRecord> {
        try page(index: Key(.assignmentsByRole).text(role), request, assignment)
    }

    package func tokens(of principal: PrincipalID) throws(StateDamage) -> [TokenRecord] {
        try names(under: Key(.tokensByPrincipal).principal(principal), limit: Limits.grantsPerPrincipal)
            .map(required: token)
    }

    package func revocations(of subject: RevocationSubject) throws(StateDamage) -> [RevocationRecord] {
        var ids: [Digest] = []
        let prefix = Key(.revocationsBySubject).subject(subject).bytes
        view.scan(prefix: prefix) { key, _ in
            if let id = Digest(bytes: key[prefix.count...]) { ids.append(id) }
            return true
        }
        return try ids.map(required: revocation).sorted { $0.index < $1.index }
    }

    private func page<Found>(
        _ table: Key,
        _ request: ListRequest,
        as cast: (StoredRecord) -> Found?
    ) throws(StateDamage) -> Page<Found> {
        let rows = rows(table, request)
        var items: [Found] = []
        for row in rows.prefix(request.limit) { items.append(try decode(row.value, at: row.key, as: cast)) }
        return Page(items: items, next: rows.count > request.limit ? cursor(rows, request) : nil)
    }

    private func page<Found>(
        index: Key,
        _ request: ListRequest,
        _ lookUp: (String) throws(StateDamage) -> Found?
    ) throws(StateDamage) -> Page<Found> {
        let rows = rows(index, request)
        let names = rows.prefix(request.limit).map { lastText(of: $0.key, after: index.bytes) }
        return Page(
            items: try names.map(required: lookUp),
            next: rows.count > request.limit ? cursor(rows, request) : nil
        )
    }

    /// One row more than wanted, where there is one.
    private func rows(_ table: Key, _ request: ListRequest) -> [(key: [UInt8], value: [UInt8])] {
        var rows: [(key: [UInt8], value: [UInt8])] = []
        // The cursor comes from a caller: outside the table it must not reach.
        let start = request.after.map { $0.bytes + [0] } ?? []
        view.scan(prefix: table.bytes + Array(request.namePrefix.utf8), from: start) { key, value in
            rows.append((key, value))
            return rows.count <= request.limit
        }
        return rows
    }

    private func cursor(_ rows: [(key: [UInt8], value: [UInt8])], _ request: ListRequest) -> ListCursor {
        ListCursor(bytes: rows[request.limit - 1].key)
    }

    /// The last components of index rows under a prefix.
    func names(under prefix: Key, limit: Int) -> [String] {
        var names: [String] = []
        view.scan(prefix: prefix.bytes) { key, _ in
            names.append(lastText(of: key, after: prefix.bytes))
            return names.count < limit
        }
        return names
    }

    func keys(under prefix: Key) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        view.scan(prefix: prefix.bytes) { key, _ in
            keys.append(key)
            return true
        }
        return keys
    }

    private func lastText(of key: [UInt8], after prefix: [UInt8]) -> String {
        String(decoding: key[prefix.count...].prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension Key {
    fileprivate func principals(_ kind: PrincipalKind) -> Key { byte(kind.keyByte) }
}

extension Sequence {
    /// Looks up what an index row promises; its absence is damage.
    fileprivate func map<Found>(
        required lookUp: (Element) throws(StateDamage) -> Found?
    ) throws(StateDamage) -> [Found] {
        var found: [Found] = []
        for element in self {
            guard let item = try lookUp(element) else {
                throw StateDamage(key: [], reason: "an index names \(element), which is not there")
            }
            found.append(item)
        }
        return found
    }
}
