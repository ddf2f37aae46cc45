import Decision
import Directory
import Kernel
import Replica
import Testing

@Suite("Reports on roll-outs") struct RolloutDriverTests {
    private static let stage = RolloutStage(set: "app", openedAt: WallTime(milliseconds: 9), number: 0)
    private static let start = Instant(microseconds: 1_000_000)

    private static func share(
        _ number: UInt32 = 0,
        isRunning: Bool = true,
        isWitness: Bool = true,
        failure: String? = nil
    ) -> RolloutShare {
        RolloutShare(
            stage: RolloutStage(set: "app", openedAt: WallTime(milliseconds: 9), number: number),
            spec: RolloutSpec(set: "app", version: 2, rings: [.all], soak: .seconds(50), minimumDecisions: 10),
            isRunning: isRunning,
            isWitness: isWitness,
            failure: failure
        )
    }

    private static func at(_ seconds: UInt64) -> Instant { start.advanced(by: .seconds(seconds)) }

    @Test("a witness reports at once and then at each interval, and anew in the next stage") func interval() {
        var driver = RolloutDriver()
        let counts = RolloutCounts(decisions: 5)
        func reports(_ share: RolloutShare, _ seconds: UInt64) -> [RolloutReport] {
            driver.due([share], counts: { _ in counts }, at: Self.at(seconds))
        }
        let report = RolloutReport(stage: Self.stage, counts: counts)
        #expect(reports(Self.share(), 0) == [report])
        #expect(reports(Self.share(), 9) == [])
        #expect(reports(Self.share(), 10) == [report])
        #expect(reports(Self.share(), 19) == [])
        #expect(reports(Self.share(1), 19).map(\.stage.number) == [1])
        #expect(reports(Self.share(), 20) == [report], "what was said of a stage that is over is forgotten")
    }

    @Test("who is no witness, or in a roll-out that is halted, says nothing") func silent() {
        var driver = RolloutDriver()
        #expect(driver.due([Self.share(isWitness: false)], counts: { _ in .none }, at: Self.start) == [])
        #expect(driver.due([Self.share(isRunning: false)], counts: { _ in .none }, at: Self.start) == [])
        #expect(driver.due([Self.share(isRunning: false, failure: "x")], counts: { _ in .none }, at: Self.start) == [])
    }

    @Test("a node that cannot put the version in force says so, witness or not, at each interval") func failed() {
        var driver = RolloutDriver()
        let share = Self.share(isWitness: false, failure: "x")
        let counts: (RolloutStage) -> RolloutCounts = { _ in RolloutCounts(decisions: 7) }
        let report = RolloutReport(stage: Self.stage, counts: .none, isFailed: true)
        #expect(driver.due([share], counts: counts, at: Self.start) == [report])
        #expect(driver.due([share], counts: counts, at: Self.at(9)) == [])
        #expect(driver.due([share], counts: counts, at: Self.at(10)) == [report])
    }

    @Test("what is out of bounds does not wait, once") func alarm() {
        var driver = RolloutDriver()
        let good: (RolloutStage) -> RolloutCounts = { _ in RolloutCounts(decisions: 10) }
        let few: (RolloutStage) -> RolloutCounts = { _ in RolloutCounts(decisions: 9, nowAllowed: 9) }
        let bad: (RolloutStage) -> RolloutCounts = { _ in RolloutCounts(decisions: 10, nowAllowed: 1) }
        #expect(driver.due([Self.share()], counts: good, at: Self.start).count == 1)
        #expect(driver.due([Self.share()], counts: few, at: Self.at(1)) == [], "too few to say")
        #expect(driver.due([Self.share()], counts: bad, at: Self.at(1)).map(\.counts.nowAllowed) == [1])
        #expect(driver.due([Self.share()], counts: bad, at: Self.at(2)) == [])
        #expect(driver.due([Self.share()], counts: bad, at: Self.at(11)).count == 1)
    }
}
