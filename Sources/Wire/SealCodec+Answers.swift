internal import FoundationEssentials
internal import Kernel
internal import Sealing

extension ProtoSealAnswer: ProtoConvertible {
    init(_ answer: SealAnswer) {
        id = Data(answer.id.bytes)
        word = OneOf_Word(answer.word)
    }

    func value() throws(WireError) -> SealAnswer {
        guard let word else { throw .missing("sealAnswer.word") }
        return SealAnswer(id: try digest(id, "sealAnswer.id"), word: try word.value())
    }
}

extension ProtoSealAnswer.OneOf_Word {
    fileprivate init(_ word: SealAnswer.Word) {
        switch word {
        case .signed(let signature): self = .signed(Data(signature))
        case .refused(let reason): self.init(reason)
        }
    }

    private init(_ reason: SigningRefusal) {
        switch reason {
        case .otherLineage: self = .otherLineage(ProtoNothing())
        case .otherTerm(let term): self = .otherTerm(term.number)
        case .notLeader: self = .notLeader(ProtoNothing())
        case .noCommitInTerm(let term): self = .noCommitInTerm(term.number)
        case .clocksDiffer(let own): self = .clocksDiffer(own.milliseconds)
        case .notRecorded(let applied): self = .notRecorded(applied.number)
        case .differs(let claim): self = .differs(ProtoStateClaim(claim))
        case .belowMark(let index): self = .belowMark(index.number)
        case .timeNotAboveMark(let time): self = .timeNotAboveMark(time.milliseconds)
        }
    }

    fileprivate func value() throws(WireError) -> SealAnswer.Word {
        switch self {
        case .signed(let signature):
            .signed(try bounded(signature, to: SealSignature.byteCount, "sealAnswer.signed"))
        case .otherLineage: .refused(.otherLineage)
        case .otherTerm(let term): .refused(.otherTerm(Term(try counter(term, "sealAnswer.otherTerm"))))
        case .notLeader: .refused(.notLeader)
        case .noCommitInTerm(let term):
            .refused(.noCommitInTerm(entry: Term(try counter(term, "sealAnswer.noCommitInTerm"))))
        case .clocksDiffer(let time): .refused(.clocksDiffer(own: WallTime(milliseconds: time)))
        case .notRecorded(let index):
            .refused(.notRecorded(applied: LogIndex(try counter(index, "sealAnswer.notRecorded"))))
        case .differs(let claim): .refused(.differs(try claim.value()))
        case .belowMark(let index): .refused(.belowMark(LogIndex(try counter(index, "sealAnswer.belowMark"))))
        case .timeNotAboveMark(let time): .refused(.timeNotAboveMark(WallTime(milliseconds: time)))
        }
    }
}
