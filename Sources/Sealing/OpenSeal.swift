import Kernel

/// A seal that a leader collects signatures for.
struct OpenSeal: Hashable, Sendable {
    struct Report: Hashable, Sendable {
        let member: MemberID
        let claim: StateClaim
    }

    let statement: SealStatement
    let bytes: [UInt8]
    let id: Digest
    let openedAt: Instant
    let voters: VoterSet
    /// The set of the newest seal, where that is another one.
    let predecessor: VoterSet?
    /// Of `predecessor`, where its consent is needed as well.
    let endorsers: VoterSet?
    /// Members whose answer counts, sorted.
    let asked: [MemberID]
    /// Checked, sorted by member.
    private(set) var signatures: [SealSignature] = []
    /// Who will not sign it, sorted.
    private(set) var refused: [MemberID] = []
    /// Who has another state, in the order of hearing; they are among those who will not sign.
    private(set) var reports: [Report] = []

    init(_ statement: SealStatement, voters: VoterSet, sealed: VoterSet, at now: Instant) {
        self.statement = statement
        self.voters = voters
        predecessor = sealed == voters ? nil : sealed
        let endorsers = sealed.mustEndorse(voters) ? sealed : nil
        self.endorsers = endorsers
        bytes = statement.signedBytes
        id = Digest.of(bytes)
        openedAt = now
        let former = (endorsers?.members ?? []).filter { voters.key(of: $0) == nil }
        asked = (voters.members + former).sorted()
    }

    /// Whether this member's first answer is still to come.
    func awaits(_ member: MemberID) -> Bool {
        asked.contains(member) && !refused.contains(member) && !signatures.contains { $0.member == member }
    }

    /// Who has a key in both sets signs once; where the two keys differ, the newer counts for both or for neither.
    func isValid(_ signature: SealSignature, _ verifier: any SignatureVerifier) -> Bool {
        guard let key = voters.key(of: signature.member) ?? endorsers?.key(of: signature.member) else { return false }
        return signature.bytes.count == SealSignature.byteCount
            && verifier.isValid(signature.bytes, of: bytes, by: key)
    }

    mutating func add(_ signature: SealSignature) {
        let place = signatures.firstIndex { $0.member > signature.member } ?? signatures.endIndex
        signatures.insert(signature, at: place)
    }

    mutating func refuse(_ member: MemberID) {
        refused.insert(member, at: refused.firstIndex { $0 > member } ?? refused.endIndex)
    }

    mutating func report(_ claim: StateClaim, by member: MemberID) {
        reports.append(Report(member: member, claim: claim))
        refuse(member)
    }

    var isComplete: Bool { isEnough(signatures.map(\.member)) }
    /// Those who have not refused are too few.
    var isLost: Bool { !isEnough(asked.filter { !refused.contains($0) }) }

    private func isEnough(_ members: [MemberID]) -> Bool {
        voters.isQuorum(members) && endorsers.map { $0.isQuorum(members.filter(isEndorser)) } ?? true
    }

    /// Who has another key now cannot sign by the former one as well.
    private func isEndorser(_ member: MemberID) -> Bool {
        guard let key = endorsers?.key(of: member) else { return false }
        return voters.key(of: member).map { $0 == key } ?? true
    }

    var seal: Seal {
        Seal(statement: statement, signatures: signatures.filter { voters.key(of: $0.member) != nil })
    }

    var transition: TransitionSeal? {
        guard let predecessor else { return nil }
        let endorsements = endorsers == nil ? [] : signatures.filter { isEndorser($0.member) }
        return TransitionSeal(
            seal: seal,
            voters: voters,
            predecessor: predecessor.digest,
            endorsements: endorsements
        )
    }

    /// What a quorum has in place of what is to be sealed.
    var outvoting: Divergence? {
        for report in reports {
            let members = reports.filter { $0.claim == report.claim }.map(\.member).sorted()
            if voters.isQuorum(members) {
                return Divergence(own: statement.claim, other: report.claim, members: members)
            }
        }
        return nil
    }
}

extension VoterSet {
    /// Whether a quorum of this set has to agree that seals are made by `next` from now on.
    ///
    /// Not where a joint set is left: that it is followed by its incoming half and nothing else, the outgoing one has agreed to
    /// with the joint set's own seal, and its voters may be gone by now.
    package func mustEndorse(_ next: VoterSet) -> Bool { next != self && next != afterLeaving }
}
