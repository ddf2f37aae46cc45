internal import Identity
internal import Kernel

extension Application {
    mutating func issue(_ ticket: JoinTicket) throws(DirectoryError) -> CommandResult.Done {
        try check((try? SPIFFEID.checkNodeName(ticket.name)) != nil, "name")
        try check(Grammar.isAddress(ticket.raftAddress), "raftAddress")
        try check((1...Limits.apiAddresses).contains(ticket.apiAddresses.count), "apiAddresses")
        try check(ticket.apiAddresses.allSatisfy(Grammar.isAddress), "apiAddresses")
        try check(ticket.labels.isValid, "labels")
        let latest = time.advanced(by: .milliseconds(Limits.retentionMilliseconds))
        try check(time < ticket.expiresAt && ticket.expiresAt <= latest, "expiresAt")
        guard !(try allNodes().contains { $0.name == ticket.name }) else { throw .refused(.alreadyExists, ticket.name) }
        try dropExpiredTickets()
        let old = try read { view throws(StateDamage) in try view.joinTicket(ticket.name) }
        let record = JoinTicketRecord(
            ticket: ticket,
            issuer: command.caller,
            metadata: metadata(replacing: old?.metadata)
        )
        store(.joinTicket(record))
        return done(record.metadata)
    }

    /// Also keeps the number of tickets bounded.
    private mutating func dropExpiredTickets() throws(DirectoryError) {
        let request = ListRequest(limit: Limits.joinTickets)
        let tickets = try read { view throws(StateDamage) in try view.joinTickets(request).items }
        for ticket in tickets where ticket.ticket.expiresAt <= time { erase(.joinTicket(ticket)) }
        let left = tickets.count { $0.ticket.expiresAt > time }
        guard left < Limits.joinTickets else { throw .refused(.limitReached, "tickets") }
    }

    mutating func withdrawTicket(_ name: String) throws(DirectoryError) -> CommandResult.Done {
        guard let ticket = try read({ view throws(StateDamage) in try view.joinTicket(name) }), ticket.usedBy == nil
        else { throw .refused(.notFound, "ticket/\(name)") }
        erase(.joinTicket(ticket))
        return done(metadata(replacing: ticket.metadata))
    }

    /// The ticket whose secret a node has shown, if it is for what the node joins as.
    func ticket(of joining: Joining, isEdge: Bool) throws(DirectoryError) -> JoinTicketRecord {
        let record = try read { view throws(StateDamage) in try view.joinTicket(joining.name) }
        guard let record, record.ticket.secretDigest == joining.secretDigest, record.ticket.isEdge == isEdge,
            time < record.ticket.expiresAt
        else {
            throw .refused(.ticketInvalid, joining.name)
        }
        return record
    }

    mutating func join(_ joining: Joining) throws(DirectoryError) -> CommandResult.Done {
        let ticket = try unusedTicket(of: joining, isEdge: false)
        guard try allMembers().count < Limits.members else { throw .refused(.limitReached, "members") }
        try checkUnused(joining)
        let metadata = metadata(replacing: nil)
        let spec = use(ticket, for: joining)
        let record = MemberRecord(
            spec: spec,
            isVoter: false,
            instance: joining.instance,
            labels: ticket.ticket.labels,
            metadata: metadata
        )
        store(.member(record))
        return done(metadata, created: [joining.id.uuid, String(joining.id.incarnation)])
    }

    mutating func joinEdge(_ joining: Joining) throws(DirectoryError) -> CommandResult.Done {
        let ticket = try unusedTicket(of: joining, isEdge: true)
        guard try allEdges().count < Limits.edges else { throw .refused(.limitReached, "edges") }
        try checkUnused(joining)
        let metadata = metadata(replacing: nil)
        let spec = use(ticket, for: joining)
        let labels = ticket.ticket.labels
        store(.edge(EdgeRecord(spec: spec, instance: joining.instance, labels: labels, metadata: metadata)))
        return done(metadata, created: [joining.id.uuid, String(joining.id.incarnation)])
    }

    private func unusedTicket(of joining: Joining, isEdge: Bool) throws(DirectoryError) -> JoinTicketRecord {
        let record = try ticket(of: joining, isEdge: isEdge)
        if let earlier = record.usedBy { throw .refused(try refusalOfSecondUse(by: joining, earlier)) }
        return record
    }

    /// A node whose answer was lost asks again, and learns that it has joined; anybody else that the ticket is used.
    private func refusalOfSecondUse(
        by joining: Joining,
        _ earlier: MemberID
    ) throws(DirectoryError) -> CommandResult.Refusal {
        let member = try read { view throws(StateDamage) in try view.member(earlier) }
        let edge = try read { view throws(StateDamage) in try view.edge(earlier) }
        guard (member?.spec ?? edge?.spec)?.keyFingerprint == joining.keyFingerprint,
            (member?.instance ?? edge?.instance) == joining.instance
        else { return CommandResult.Refusal(.ticketInvalid, [joining.name]) }
        return CommandResult.Refusal(.alreadyJoined, [earlier.uuid, String(earlier.incarnation)])
    }

    /// Id, name and key are nobody's, and the id never was anybody's under this incarnation or a higher one.
    private func checkUnused(_ joining: Joining) throws(DirectoryError) {
        for node in try allNodes() {
            guard node.name != joining.name, !node.id.isSameNode(as: joining.id) else {
                throw .refused(.alreadyExists, node.name)
            }
            guard node.keyFingerprint != joining.keyFingerprint else { throw .refused(.alreadyExists, "key") }
        }
        let former = try read { view throws(StateDamage) in try view.formerMember(joining.id) }
        guard former.map({ $0.id.incarnation < joining.id.incarnation }) ?? true else {
            throw .refused(.incarnationUsed, joining.id.uuid, String(joining.id.incarnation))
        }
    }

    /// What the node is from now on.
    private mutating func use(_ record: JoinTicketRecord, for joining: Joining) -> MemberSpec {
        let used = JoinTicketRecord(
            ticket: record.ticket,
            issuer: record.issuer,
            usedBy: joining.id,
            metadata: metadata(replacing: record.metadata)
        )
        store(.joinTicket(used))
        events.append(.membersChanged)
        return MemberSpec(
            id: joining.id,
            name: joining.name,
            raftAddress: record.ticket.raftAddress,
            apiAddresses: record.ticket.apiAddresses,
            keyFingerprint: joining.keyFingerprint
        )
    }

    mutating func promote(_ id: MemberID) throws(DirectoryError) -> CommandResult.Done {
        let record = try existing(id)
        guard !record.isVoter else { throw .refused(.alreadyVoter, record.spec.name) }
        let voters = try allMembers().filter(\.isVoter)
        guard voters.count < Limits.voters else { throw .refused(.limitReached, "voters") }
        // Of voters one of whom cannot sign there would be no more seals.
        guard record.sealKey != nil || voters.contains(where: { $0.sealKey == nil }) else {
            throw .refused(.sealKeyMissing, record.spec.name)
        }
        return replace(record, by: record.changed(isVoter: true, metadata(replacing: record.metadata)))
    }

    mutating func remove(_ id: MemberID) throws(DirectoryError) -> CommandResult.Done {
        let record = try existing(id)
        let voters = try allMembers().filter(\.isVoter)
        guard voters.contains(where: { $0.spec.id != id }) else { throw .refused(.lastVoter, record.spec.name) }
        erase(.member(record))
        return try remember(record.spec)
    }

    mutating func removeEdge(_ id: MemberID) throws(DirectoryError) -> CommandResult.Done {
        guard let record = try read({ view throws(StateDamage) in try view.edge(id) }) else {
            throw .refused(.notFound, "node/\(id.uuid)", String(id.incarnation))
        }
        erase(.edge(record))
        return try remember(record.spec)
    }

    /// As one that was removed.
    private mutating func remember(_ spec: MemberSpec) throws(DirectoryError) -> CommandResult.Done {
        let former = try read { view throws(StateDamage) in try view.formerMember(spec.id) }
        let metadata = metadata(replacing: former?.metadata)
        store(.formerMember(FormerMemberRecord(spec, metadata: metadata)))
        events.append(.membersChanged)
        return done(metadata)
    }

    /// A member says where its log is, once: see `MemberRecord.instance`.
    mutating func claim(_ instance: Digest) throws(DirectoryError) -> CommandResult.Done {
        guard case .node(let id) = command.caller else { throw .refused(.unauthorized, command.body.action) }
        let record = try existing(id)
        if record.instance == instance { return done(record.metadata) }
        guard record.instance == nil else { throw .refused(.identityClaimed, record.spec.name) }
        return replace(record, by: record.changed(instance: instance, metadata(replacing: record.metadata)))
    }

    /// Set once: what a key has signed is never to be another member's word, nor this one's under another.
    mutating func claimSealKey(_ key: [UInt8]) throws(DirectoryError) -> CommandResult.Done {
        guard case .node(let id) = command.caller else { throw .refused(.unauthorized, command.body.action) }
        let record = try existing(id)
        if record.sealKey == key { return done(record.metadata) }
        try check(key.count == Limits.publicKeyByteCount, "sealKey")
        guard record.sealKey == nil else { throw .refused(.sealKeyClaimed, record.spec.name) }
        if let other = try allMembers().first(where: { $0.sealKey == key }) {
            throw .refused(.alreadyExists, other.spec.name)
        }
        return replace(record, by: record.changed(sealKey: key, metadata(replacing: record.metadata)))
    }

    mutating func pinIssuer(_ id: MemberID, _ key: Digest) throws(DirectoryError) -> CommandResult.Done {
        let record = try existing(id)
        if record.issuerFingerprint == key { return done(record.metadata) }
        return replace(record, by: record.changed(issuer: key, metadata(replacing: record.metadata)))
    }

    mutating func label(_ id: MemberID, _ change: LabelChange) throws(DirectoryError) -> CommandResult.Done {
        try check(change.isValid, "labels")
        if let edge = try read({ view throws(StateDamage) in try view.edge(id) }) { return try label(edge, change) }
        let record = try existing(id)
        let labels = try labels(record.labels, changedBy: change)
        if labels == record.labels { return done(record.metadata) }
        return replace(record, by: record.changed(labels: labels, metadata(replacing: record.metadata)))
    }

    private mutating func label(_ edge: EdgeRecord, _ change: LabelChange) throws(DirectoryError) -> CommandResult.Done
    {
        let labels = try labels(edge.labels, changedBy: change)
        if labels == edge.labels { return done(edge.metadata) }
        let metadata = metadata(replacing: edge.metadata)
        store(.edge(EdgeRecord(spec: edge.spec, instance: edge.instance, labels: labels, metadata: metadata)))
        events.append(.membersChanged)
        return done(metadata)
    }

    private func labels(_ labels: Labels, changedBy change: LabelChange) throws(DirectoryError) -> Labels {
        let changed = labels.changed(by: change)
        guard changed.isValid else { throw .refused(.limitReached, "labels") }
        return changed
    }

    private mutating func replace(_ old: MemberRecord, by new: MemberRecord) -> CommandResult.Done {
        store(.member(new), replacing: .member(old))
        events.append(.membersChanged)
        return done(new.metadata)
    }

    private func existing(_ id: MemberID) throws(DirectoryError) -> MemberRecord {
        guard let record = try read({ view throws(StateDamage) in try view.member(id) }) else {
            throw .refused(.notFound, "node/\(id.uuid)", String(id.incarnation))
        }
        return record
    }

    private func allMembers() throws(DirectoryError) -> [MemberRecord] {
        try read { view throws(StateDamage) in try view.allMembers() }
    }

    private func allEdges() throws(DirectoryError) -> [EdgeRecord] {
        try read { view throws(StateDamage) in try view.allEdges() }
    }

    /// Members and edges, who share nothing by which one of them is known.
    private func allNodes() throws(DirectoryError) -> [MemberSpec] {
        try allMembers().map(\.spec) + allEdges().map(\.spec)
    }
}

extension MemberRecord {
    fileprivate func changed(
        isVoter: Bool? = nil,
        instance: Digest? = nil,
        issuer: Digest? = nil,
        sealKey: [UInt8]? = nil,
        labels: Labels? = nil,
        _ metadata: RecordMetadata
    ) -> MemberRecord {
        MemberRecord(
            spec: spec,
            isVoter: isVoter ?? self.isVoter,
            instance: instance ?? self.instance,
            issuerFingerprint: issuer ?? issuerFingerprint,
            sealKey: sealKey ?? self.sealKey,
            labels: labels ?? self.labels,
            metadata: metadata
        )
    }
}
