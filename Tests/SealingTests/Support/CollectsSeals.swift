import Kernel
import Sealing

/// Drives the collector of the leader of term 3, with words for what comes in and out.
protocol CollectsSeals {
    var collector: SealCollector { get set }
    var roots: RootHistory { get set }
    var now: Moment { get set }
}

extension CollectsSeals {
    mutating func step(_ inputs: SealCollector.Input...) -> [SealCollector.Effect] {
        inputs.flatMap { collector.step($0, roots: roots, at: now, KeyedHash()) }
    }

    mutating func committed(_ index: UInt64, last: UInt64? = nil, at time: UInt64) -> [SealCollector.Effect] {
        now = Moment(time)
        return step(.committed(through: LogIndex(index), last: LogIndex(last ?? index)))
    }

    func asks(_ statement: SealStatement, of members: UInt64...) -> [SealCollector.Effect] {
        members.map { .ask(statement, of: MemberID($0)) }
    }

    func signed(_ statement: SealStatement, by member: UInt64, generation: UInt64 = 1) -> SealCollector.Input {
        let signature = Made.signature(statement, by: member, generation: generation)
        return .answered(SealAnswer(id: statement.id, word: .signed(signature.bytes)), by: MemberID(member))
    }

    func refused(
        _ statement: SealStatement,
        by member: UInt64,
        _ reason: SigningRefusal = .notLeader
    ) -> SealCollector.Input {
        .answered(SealAnswer(id: statement.id, word: .refused(reason)), by: MemberID(member))
    }
}
