internal import FoundationEssentials
internal import Gossip
internal import Kernel
package import Replica
internal import Sealing
internal import SwiftProtobuf

/// Bytes of what nodes tell each other over a link: Protocol Buffers, `Proto/peer.proto`. Checked as by `RaftCodec`.
package enum PeerCodec {
    package static func encode(_ message: PeerMessage) -> [UInt8] { serialise(ProtoPeerMessage(message)) }

    package static func decode(_ bytes: [UInt8]) throws(WireError) -> PeerMessage {
        try parse(bytes, as: ProtoPeerMessage.self).value()
    }
}

extension ProtoPeerMessage: ProtoConvertible {
    init(_ message: PeerMessage) {
        stamp = message.stamp.milliseconds
        switch message.body {
        case .raft(let raft, let proof):
            body = .raft(
                .with {
                    $0.message = ProtoMessage(raft)
                    if let proof { $0.proof = ProtoFreshnessProof(proof) }
                }
            )
        case .forward(let request, let command):
            body = .forward(
                .with {
                    $0.request = request.number
                    $0.command = Data(command)
                }
            )
        case .forwardRefused(let request, let refusal):
            body = .forwardRefused(
                .with {
                    $0.request = request.number
                    $0.refusal = ProtoPeerForwardRefused.OneOf_Refusal(refusal)
                }
            )
        case .entriesWanted(let first, let last):
            body = .entriesWanted(
                .with {
                    $0.first = first.number
                    $0.last = last.number
                }
            )
        case .entriesFound(let first, let last, let entries):
            body = .entriesFound(
                .with {
                    $0.first = first.number
                    $0.last = last.number
                    $0.entries = entries.map(ProtoEntry.init)
                }
            )
        case .votersWanted: body = .votersWanted(ProtoNothing())
        case .voters(let introductions):
            body = .voters(.with { $0.introductions = introductions.map(ProtoIntroduction.init) })
        case .statements(let statements):
            body = .statements(.with { $0.statements = statements.map(ProtoSignedStatement.init) })
        case .statementsHeld(let holdings):
            body = .statementsHeld(
                .with {
                    $0.ids = holdings.map { Data($0.statement.bytes) }
                    $0.holdings = holdings.map(ProtoPeerHolding.init)
                }
            )
        case .sealWanted(let statement): body = .sealWanted(ProtoSealStatement(statement))
        case .sealAnswered(let answer): body = .sealAnswered(ProtoSealAnswer(answer))
        case .sealed(let seal): body = .sealed(ProtoSeal(seal))
        case .sealedByOthers(let transition): body = .sealedByOthers(ProtoTransitionSeal(transition))
        case .gossip(let message): body = .gossip(Data(GossipCodec.encode(message)))
        case .successionWanted(let voters, let since):
            body = .successionWanted(
                .with {
                    $0.voters = Data(voters.bytes)
                    $0.since = since.milliseconds
                }
            )
        case .succession(let steps):
            body = .succession(.with { $0.steps = steps.map(ProtoTransitionSeal.init) })
        }
    }

    func value() throws(WireError) -> PeerMessage {
        PeerMessage(stamp: WallTime(milliseconds: stamp), body: try bodyValue())
    }

    private func bodyValue() throws(WireError) -> PeerMessage.Body {
        switch body {
        case .raft(let raft):
            guard raft.hasMessage else { throw .missing("peer.raft.message") }
            return .raft(try raft.message.value(), proof: raft.hasProof ? try raft.proof.value() : nil)
        case .forward(let forward):
            let command = try bounded(forward.command, to: RaftCodec.maxCommandBytes, "peer.forward.command")
            return .forward(RequestID(forward.request), command: command)
        case .forwardRefused(let refused):
            guard let refusal = refused.refusal else { throw .missing("peer.forwardRefused.refusal") }
            return .forwardRefused(RequestID(refused.request), try refusal.value())
        case .entriesWanted(let wanted):
            return .entriesWanted(
                first: LogIndex(try counter(wanted.first, "peer.entriesWanted.first")),
                last: LogIndex(try counter(wanted.last, "peer.entriesWanted.last"))
            )
        case .entriesFound(let found):
            return .entriesFound(
                first: LogIndex(try counter(found.first, "peer.entriesFound.first")),
                last: LogIndex(try counter(found.last, "peer.entriesFound.last")),
                entries: try found.entries.map { (entry) throws(WireError) in try entry.value() }
            )
        case .votersWanted: return .votersWanted
        case .voters(let voters):
            return .voters(try voters.introductions.map { (voter) throws(WireError) in try voter.value() })
        case .statements(let list): return .statements(try values(list.statements))
        case .statementsHeld(let list): return .statementsHeld(try list.value())
        case .sealWanted(let statement): return .sealWanted(try statement.value())
        case .sealAnswered(let answer): return .sealAnswered(try answer.value())
        case .sealed(let seal): return .sealed(try seal.value())
        case .sealedByOthers(let transition): return .sealedByOthers(try transition.value())
        case .gossip(let bytes): return .gossip(try gossip([UInt8](bytes)))
        case .successionWanted(let wanted):
            return .successionWanted(
                voters: try digest(wanted.voters, "peer.successionWanted.voters"),
                since: WallTime(milliseconds: wanted.since)
            )
        case .succession(let list):
            return .succession(try values(list.steps, upTo: Succession.limit, "peer.succession.steps"))
        case nil:
            throw .missing("peer.body")
        }
    }

    private func gossip(_ bytes: [UInt8]) throws(WireError) -> Gossip.Message {
        do { return try GossipCodec.decode(bytes) } catch { throw .unreadableGossip(reason: error.description) }
    }
}

extension ProtoPeerForwardRefused.OneOf_Refusal {
    init(_ refusal: PeerMessage.ForwardRefusal) {
        switch refusal {
        case .notLeader: self = .notLeader(ProtoNothing())
        case .entryTooLarge(let byteCount, let limit):
            self = .entryTooLarge(
                .with {
                    $0.byteCount = UInt64(clamping: byteCount)
                    $0.limit = UInt64(clamping: limit)
                }
            )
        case .overloaded: self = .overloaded(ProtoNothing())
        case .storageFull: self = .storageFull(ProtoNothing())
        case .notYet: self = .notYet(ProtoNothing())
        case .notCaughtUp(let missing): self = .notCaughtUp(missing)
        case .invalidChange(let reason): self = .invalidChange(reason)
        }
    }

    func value() throws(WireError) -> PeerMessage.ForwardRefusal {
        switch self {
        case .notLeader: .notLeader
        case .entryTooLarge(let sizes):
            .entryTooLarge(
                byteCount: Int(try counter(sizes.byteCount, "entryTooLarge.byteCount")),
                limit: Int(try counter(sizes.limit, "entryTooLarge.limit"))
            )
        case .overloaded: .overloaded
        case .storageFull: .storageFull
        case .notYet: .notYet
        case .notCaughtUp(let missing): .notCaughtUp(missing: missing)
        case .invalidChange(let reason): .invalidChange(reason: String(reason.prefix(200)))
        }
    }
}

extension ProtoPeerHolding {
    init(_ holding: StatementHolding) {
        since = holding.since?.milliseconds ?? 0
        others = holding.others.map { holder in
            .with {
                $0.member = ProtoMemberID(holder.member)
                $0.since = holder.since.milliseconds
            }
        }
    }
}

extension ProtoPeerStatementsHeld {
    func value() throws(WireError) -> [StatementHolding] {
        let ids = try digests(ids, "peer.statementsHeld.ids")
        guard !holdings.isEmpty else { return ids.map { StatementHolding($0, since: nil) } }
        guard holdings.count == ids.count else {
            throw .invalid("peer.statementsHeld.holdings", reason: "\(holdings.count) for \(ids.count) ids")
        }
        var values: [StatementHolding] = []
        for (id, holding) in zip(ids, holdings) {
            let since = holding.since == 0 ? nil : WallTime(milliseconds: holding.since)
            values.append(StatementHolding(id, since: since, others: try holding.holders()))
        }
        return values
    }
}

extension ProtoPeerHolding {
    fileprivate func holders() throws(WireError) -> [StatementHolding.Holder] {
        var holders: [StatementHolding.Holder] = []
        for other in others {
            guard other.hasMember else { throw .missing("peer.holder.member") }
            holders.append(.init(member: other.member.value(), since: WallTime(milliseconds: other.since)))
        }
        return holders
    }
}

extension ProtoFreshnessProof: ProtoConvertible {
    init(_ proof: FreshnessProof) {
        provenAt = proof.provenAt.milliseconds
        ageMicroseconds = proof.age.microseconds
        commitIndex = proof.commitIndex.number
    }

    func value() throws(WireError) -> FreshnessProof {
        FreshnessProof(
            provenAt: WallTime(milliseconds: provenAt),
            age: Span(microseconds: try counter(ageMicroseconds, "proof.age")),
            commitIndex: LogIndex(try counter(commitIndex, "proof.commitIndex"))
        )
    }
}
