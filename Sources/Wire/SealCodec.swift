internal import FoundationEssentials
internal import Kernel
package import Sealing

/// Bytes of what a member keeps of seals for its next process: Protocol Buffers, `Proto/seal.proto`.
package enum SealCodec {
    package static func encode(_ mark: SealMark) -> [UInt8] { serialise(ProtoSealStatement(mark.statement)) }
    package static func encode(_ memory: SealMemory) -> [UInt8] { serialise(ProtoSealMemory(memory)) }

    package static func decodeMark(_ bytes: [UInt8]) throws(WireError) -> SealMark {
        SealMark(try parse(bytes, as: ProtoSealStatement.self).value())
    }

    package static func decodeMemory(_ bytes: [UInt8]) throws(WireError) -> SealMemory {
        try parse(bytes, as: ProtoSealMemory.self).value()
    }
}

extension ProtoVoter: ProtoConvertible {
    init(_ voter: Voter) {
        member = ProtoMemberID(voter.member)
        sealKey = Data(voter.sealKey)
    }

    func value() throws(WireError) -> Voter {
        Voter(member: member.value(), sealKey: try bounded(sealKey, to: Voter.sealKeyByteCount, "voter.sealKey"))
    }
}

extension ProtoVoterSet: ProtoConvertible {
    init(_ set: VoterSet) {
        voters = set.voters.map(ProtoVoter.init)
        votersOutgoing = set.votersOutgoing.map(ProtoVoter.init)
    }

    func value() throws(WireError) -> VoterSet {
        let incoming = try values(voters, upTo: VoterSet.maxVoters, "voters.voters")
        let outgoing = try values(votersOutgoing, upTo: VoterSet.maxVoters, "voters.outgoing")
        do throws(VoterSet.Flaw) { return try VoterSet(voters: incoming, outgoing: outgoing) } catch {
            throw .invalid("voters", reason: "\(error)")
        }
    }
}

extension ProtoStateClaim: ProtoConvertible {
    init(_ claim: StateClaim) {
        index = claim.index.number
        head = Data(claim.head.bytes)
        root = Data(claim.root.bytes)
        voters = Data(claim.voters.bytes)
    }

    func value() throws(WireError) -> StateClaim {
        StateClaim(
            index: LogIndex(try counter(index, "claim.index")),
            head: try digest(head, "claim.head"),
            root: try digest(root, "claim.root"),
            voters: try digest(voters, "claim.voters")
        )
    }
}

extension ProtoSealStatement: ProtoConvertible {
    init(_ statement: SealStatement) {
        lineage = ProtoLineage(statement.lineage)
        term = statement.term.number
        claim = ProtoStateClaim(statement.claim)
        time = statement.time.milliseconds
    }

    func value() throws(WireError) -> SealStatement {
        SealStatement(
            lineage: lineage.value(),
            term: Term(try counter(term, "seal.term")),
            claim: try claim.value(),
            time: WallTime(milliseconds: time)
        )
    }
}

extension ProtoSealSignature: ProtoConvertible {
    init(_ signature: SealSignature) {
        member = ProtoMemberID(signature.member)
        self.signature = Data(signature.bytes)
    }

    func value() throws(WireError) -> SealSignature {
        SealSignature(
            member: member.value(),
            bytes: try bounded(signature, to: SealSignature.byteCount, "seal.signature")
        )
    }
}

extension ProtoSeal: ProtoConvertible {
    init(_ seal: Seal) {
        statement = ProtoSealStatement(seal.statement)
        signatures = seal.signatures.map(ProtoSealSignature.init)
    }

    func value() throws(WireError) -> Seal {
        Seal(
            statement: try statement.value(),
            signatures: try values(signatures, upTo: VoterSet.maxVoters, "seal.signatures")
        )
    }
}

extension ProtoTransitionSeal: ProtoConvertible {
    init(_ transition: TransitionSeal) {
        seal = ProtoSeal(transition.seal)
        voters = ProtoVoterSet(transition.voters)
        predecessor = Data(transition.predecessor.bytes)
        endorsements = transition.endorsements.map(ProtoSealSignature.init)
    }

    func value() throws(WireError) -> TransitionSeal {
        TransitionSeal(
            seal: try seal.value(),
            voters: try voters.value(),
            predecessor: try digest(predecessor, "transition.predecessor"),
            endorsements: try values(endorsements, upTo: VoterSet.maxVoters, "transition.endorsements")
        )
    }
}

extension ProtoSealMemory: ProtoConvertible {
    init(_ memory: SealMemory) {
        if let voters = memory.voters { self.voters = ProtoVoterSet(voters) }
        succession = memory.succession.steps.map(ProtoTransitionSeal.init)
        if let divergence = memory.divergence { self.divergence = ProtoDivergence(divergence) }
        if let checkpoint = memory.checkpoint { self.checkpoint = Data(checkpoint.bytes) }
    }

    func value() throws(WireError) -> SealMemory {
        var steps = Succession()
        for step in try values(succession, upTo: Succession.limit, "seals.succession") { steps.append(step) }
        return SealMemory(
            voters: hasVoters ? try voters.value() : nil,
            succession: steps,
            divergence: hasDivergence ? try divergence.value() : nil,
            checkpoint: hasCheckpoint ? try Checkpoint(proto: checkpoint) : nil
        )
    }
}

extension ProtoDivergence: ProtoConvertible {
    init(_ divergence: Divergence) {
        own = ProtoStateClaim(divergence.own)
        other = ProtoStateClaim(divergence.other)
        members = divergence.members.map(ProtoMemberID.init)
    }

    func value() throws(WireError) -> Divergence {
        guard members.count <= VoterSet.maxVoters else {
            throw .invalid("divergence.members", reason: "there are \(members.count)")
        }
        return Divergence(own: try own.value(), other: try other.value(), members: members.map { $0.value() })
    }
}

extension Checkpoint {
    fileprivate init(proto: Data) throws(WireError) {
        do throws(Flaw) { self = try Checkpoint(bytes: [UInt8](proto)) } catch {
            throw .invalid("seals.checkpoint", reason: "\(error)")
        }
    }
}
