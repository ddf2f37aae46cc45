import Kernel
import Sealing

extension SealStatement {
    func edited(_ field: UInt8, _ script: inout Script) -> SealStatement {
        var (term, index, head, root, voters, time) = (term, claim.index, claim.head, claim.root, claim.voters, time)
        switch field % 6 {
        case 0: term = Term(script.number(near: term.number))
        case 1: index = script.index(near: index)
        case 2: head = .of([field])
        case 3: root = .of([field])
        case 4: voters = .of([field])
        default: time = WallTime(milliseconds: script.number(near: time.milliseconds))
        }
        let claim = StateClaim(index: index, head: head, root: root, voters: voters)
        return SealStatement(lineage: lineage, term: term, claim: claim, time: time)
    }
}

extension SealAnswer {
    func edited(_ field: UInt8, _ script: inout Script) -> SealAnswer {
        guard field & 1 == 0 else { return SealAnswer(id: .of([field]), word: word) }
        switch word {
        case .signed(var signature):
            signature.patch(by: &script)
            return SealAnswer(id: id, word: .signed(signature))
        case .refused:
            return SealAnswer(id: id, word: .refused(.belowMark(script.index(near: .zero))))
        }
    }
}

extension Seal {
    func edited(_ field: UInt8, _ script: inout Script) -> Seal {
        guard field & 1 == 0, !signatures.isEmpty else {
            return Seal(statement: statement.edited(field / 2, &script), signatures: signatures)
        }
        return Seal(statement: statement, signatures: signatures.edited(field / 2, &script))
    }
}

extension TransitionSeal {
    func edited(_ field: UInt8, _ script: inout Script) -> TransitionSeal {
        var (seal, voters, predecessor, endorsements) = (seal, voters, predecessor, endorsements)
        switch field % 4 {
        case 0: seal = seal.edited(field / 4, &script)
        case 1: predecessor = .of([field])
        case 2: endorsements = endorsements.edited(field / 4, &script)
        default: voters = (try? VoterSet(voters: voters.voters, outgoing: voters.votersOutgoing.dropLast())) ?? voters
        }
        return TransitionSeal(seal: seal, voters: voters, predecessor: predecessor, endorsements: endorsements)
    }
}

extension [SealSignature] {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> [SealSignature] {
        guard !isEmpty else { return self }
        var list = self
        let place = Int(script.byte()) % count
        switch field % 4 {
        case 0: list.remove(at: place)
        case 1: list.insert(list[place], at: place)
        case 2: list.swapAt(0, place)
        default:
            var bytes = list[place].bytes
            bytes.patch(by: &script)
            list[place] = SealSignature(member: list[place].member, bytes: bytes)
        }
        return list
    }
}
