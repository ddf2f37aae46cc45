import ReeveClient
import Testing

@Suite("The revision that decisions reflect") struct ReadRevisionTests {
    @Test("own writes raise it, and nothing lowers it") func writes() {
        var revision = ReadRevision()
        #expect(revision.floor(atLeast: nil) == 0)
        revision.wrote(7)
        revision.wrote(5)
        #expect(revision.floor(atLeast: nil) == 7)
    }

    @Test("a call may ask for more and not for less, and only for itself") func calls() {
        var revision = ReadRevision()
        revision.wrote(7)
        #expect(revision.floor(atLeast: 9) == 9)
        #expect(revision.floor(atLeast: 3) == 7)
        #expect(revision.floor == 7)
    }

    @Test("answers raise it only where that is asked for", arguments: [false, true]) func reads(isMonotonic: Bool) {
        var revision = ReadRevision(isMonotonic: isMonotonic)
        revision.read(11)
        revision.read(4)
        #expect(revision.floor == (isMonotonic ? 11 : 0))
    }
}
