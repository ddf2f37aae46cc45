import Kernel
import Testing

@testable import Simulator

@Suite("Names in the place of ids") struct MemberNamesTests {
    @Test("ids that stand by themselves are named, with their incarnations; parts of longer words are not")
    func naming() {
        let first = MemberID(high: 0x1234_5678_0000_0000, low: 1)
        let second = MemberID(high: 0x89ab_cdef_0000_0000, low: 2, incarnation: 3)
        let names = MemberNames([first, second])
        #expect(names.naming("receives from \(first): x") == "receives from n1: x")
        #expect(names.naming("\(second)") == "n2.3")
        #expect(names.naming("[\(first), \(second)]") == "[n1, n2.3]")
        for word in ["12345678ab", "0x12345678", "123456789", "a12345678"] { #expect(names.naming(word) == word) }
        #expect(names.naming("deadbeef über 12345678") == "deadbeef über n1")
        #expect(names.naming("").isEmpty)
    }
}
