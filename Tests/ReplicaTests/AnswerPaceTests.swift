import Kernel
import Testing

@testable import Replica

@Suite("The pace of costly answers") struct AnswerPaceTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(microseconds: milliseconds * 1000) }
    private func asker(_ number: UInt64) -> MemberID { MemberID(high: number, low: 0) }

    @Test("each asker is answered once in a while, whatever others ask") func each() {
        var pace = AnswerPace(pause: .milliseconds(50))
        #expect(pace.isDue(asker(1), at: at(0)))
        pace.answered(asker(1), at: at(0))
        #expect(!pace.isDue(asker(1), at: at(49)))
        #expect(pace.isDue(asker(2), at: at(1)))
        pace.answered(asker(2), at: at(1))
        #expect(pace.isDue(asker(1), at: at(50)))
        #expect(!pace.isDue(asker(2), at: at(50)))
    }
}
