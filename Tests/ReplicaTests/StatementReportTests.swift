import Directory
import Identity
import Kernel
import Testing

@testable import Replica

@Suite("Who goes by a statement, told from neighbour to neighbour") struct StatementReportTests {
    private let signed: SignedStatement

    init() throws { signed = try .sample(1) }

    private static func member(_ number: Int) -> MemberID { MemberID(high: UInt64(number + 1), low: 0) }

    private static func moment(_ milliseconds: UInt64) -> Moment {
        Moment(
            monotonic: Instant(microseconds: milliseconds * 1000),
            wall: WallTime(milliseconds: 1_000_000 + milliseconds)
        )
    }

    /// Nodes with fourteen neighbours each, over links that lose a tenth of what they carry.
    private struct Network {
        var reports: [StatementReports]
        let neighbours: [[MemberID]]
        /// For each node all but itself.
        let others: [[MemberID]]
        var random = SeededRandom(seed: 7)
        var messages = 0
        var longest = 0

        init(_ count: Int) {
            reports = Array(repeating: StatementReports(), count: count)
            // One of the distances has no divisor in common with the count, so that everybody is reached.
            let distances = (1...7).map { $0 * $0 * 3 + 1 }
            neighbours = (0..<count).map { node in
                let ends = distances.flatMap { [(node + $0) % count, (node + count - $0) % count] }
                return Set(ends).subtracting([node]).sorted().map(member)
            }
            others = (0..<count).map { node in (0..<count).filter { $0 != node }.map(member) }
        }

        mutating func carry(_ holdings: [StatementHolding], from sender: Int, to receiver: MemberID, at now: Moment) {
            messages += 1
            longest = max(longest, holdings.reduce(0) { $0 + $1.others.count })
            guard Int.random(in: 0..<10, using: &random) > 0 else { return }
            let place = Int(receiver.high) - 1
            for holding in holdings {
                let others = holding.others.filter { $0.member != receiver }
                reports[place].held(holding, others: others, by: member(sender), at: now)
            }
        }

        mutating func run(from start: UInt64, to end: UInt64, each step: UInt64) {
            for now in stride(from: start, to: end, by: Int(step)).map({ moment($0) }) { tick(at: now) }
        }

        private mutating func tick(at now: Moment) {
            for node in reports.indices {
                let (neighbours, others) = (neighbours[node], others[node])
                for (neighbour, holdings) in reports[node].takeNews(neighbours: neighbours, at: now.monotonic) {
                    carry(holdings, from: node, to: neighbour, at: now)
                }
                let retold = reports[node].takeRetold(neighbours: neighbours, everybody: others, at: now.monotonic)
                if let (neighbour, holdings) = retold { carry(holdings, from: node, to: neighbour, at: now) }
            }
        }

        func unheard(by node: Int, of id: Digest) -> [MemberID]? {
            reports[node].report(id)?.unheard(of: others[node])
        }
    }

    @Test("of three hundred nodes each hears of each when it began, though none is a neighbour of all and one was away")
    func hundreds() throws {
        let count = 300
        var network = Network(count)
        for node in 0..<count where node != 77 {
            network.reports[node].began(signed, isBroughtHere: node == 0, at: Self.moment(UInt64(node)))
            let holding = StatementHolding(signed.id, since: Self.moment(UInt64(node)).wall)
            for neighbour in network.neighbours[node] {
                network.carry([holding], from: node, to: neighbour, at: Self.moment(UInt64(node)))
            }
        }
        network.run(from: 300, to: 10_000, each: 200)
        let missing = network.unheard(by: 0, of: signed.id)
        #expect(missing == [Self.member(77)])
        // It was away, and goes by the log's word when it is back.
        let back = Self.moment(11_000)
        let judgement = StatementReport.Judgement(verdict: .recorded(LogIndex(9)), knownAt: back.wall)
        network.reports[77].began(signed, isBroughtHere: false, judgement: judgement, at: back)
        network.run(from: 11_000, to: 14_000, each: 200)
        let missingSoon = network.unheard(by: 0, of: signed.id)
        #expect(missingSoon == [])
        network.run(from: 14_000, to: 60_000, each: 1000)
        let incomplete = (0..<count).filter { network.unheard(by: $0, of: signed.id) != [] }
        #expect(incomplete == [], "the one that was away has heard of all too")
        let report = try #require(network.reports[0].report(signed.id))
        #expect(report.holder(Self.member(77))?.since == back.wall)
        #expect(report.holder(Self.member(250))?.since == Self.moment(250).wall)
        #expect(network.longest <= StatementHolding.othersLimit)
        let messages = network.messages
        network.run(from: 60_000, to: 70_000, each: 1000)
        #expect(network.messages == messages, "once all are known of nobody goes on")
    }

    @Test("two statements that one message does not take are told again whole to each of two neighbours")
    func pages() throws {
        let everybody = (0..<700).map(Self.member)
        var reports = StatementReports()
        let both = [signed, try SignedStatement.sample(2)]
        for signed in both {
            reports.began(signed, isBroughtHere: true, heldBy: everybody.dropLast(), at: Self.moment(0))
        }
        var told: [MemberID: [Digest: Set<MemberID>]] = [:]
        for step in 1...8 {
            let now = Self.moment(UInt64(step) * 2000).monotonic
            let retold = reports.takeRetold(neighbours: Array(everybody.prefix(2)), everybody: everybody, at: now)
            let (neighbour, holdings) = try #require(retold)
            #expect(holdings.reduce(0) { $0 + $1.others.count } <= StatementHolding.othersLimit)
            for holding in holdings {
                told[neighbour, default: [:]][holding.statement, default: []].formUnion(holding.others.map(\.member))
            }
        }
        let whole = Set(everybody.dropLast())
        for neighbour in everybody.prefix(2) {
            for signed in both {
                let isWhole = told[neighbour]?[signed.id] == whole
                #expect(isWhole, "\(neighbour.high) of \(signed.statement.sequence)")
            }
        }
    }

    @Test(
        "what a node says of itself goes before what others say of it, and nobody goes by it later than that is heard"
    )
    func hearsay() throws {
        var reports = StatementReports()
        reports.began(signed, isBroughtHere: true, at: Self.moment(0))
        let (liar, other) = (Self.member(1), Self.member(2))
        func word(_ since: UInt64) -> StatementHolding.Holder { .init(member: other, since: Self.moment(since).wall) }
        let now = Self.moment(50)
        reports.held(StatementHolding(signed.id, since: nil), others: [word(1)], by: liar, at: now)
        #expect(reports.report(signed.id)?.holder(other)?.isFirstHand == false)
        #expect(reports.report(signed.id)?.holder(liar)?.since == now.wall)
        reports.held(
            StatementHolding(signed.id, since: Self.moment(900).wall),
            others: [],
            by: other,
            at: Self.moment(60)
        )
        #expect(reports.report(signed.id)?.holder(other)?.since == Self.moment(60).wall)
        reports.held(StatementHolding(signed.id, since: nil), others: [word(2)], by: liar, at: now)
        let holder = try #require(reports.report(signed.id)?.holder(other))
        #expect(holder.isFirstHand && holder.since == Self.moment(60).wall)
        reports.judged(signed.id, .refused(.warrantWithdrawn), at: now)
        #expect(reports.takeNews(neighbours: [liar], at: Self.moment(10_000).monotonic).isEmpty)
        #expect(reports.takeRetold(neighbours: [liar], everybody: [liar], at: Self.moment(10_000).monotonic) == nil)
        #expect(reports.nextTell == nil)
    }
}
