import Kernel
import Keys
import Testing

@Suite("Renewal of a certificate") struct CertificateRenewalTests {
    typealias Step = CertificateRenewal.Step

    /// Of 1000 seconds.
    static let validity = CertificateValidity(from: now, lasting: .seconds(1000))
    static let own = MemberID(high: 0, low: 2)

    static func id(_ number: UInt64) -> MemberID { MemberID(high: 0, low: number) }

    static func voters(connected: Set<UInt64> = [1, 3, 4]) -> [CertificateRenewal.Voter] {
        (1...4).map { .init(id($0), isConnected: connected.contains($0)) }
    }

    /// Both clocks after so many seconds; the wall clock may be off.
    static func at(_ seconds: UInt64, wall: UInt64? = nil) -> Moment {
        Moment(monotonic: Instant(microseconds: seconds * 1_000_000), wall: now.advanced(by: .seconds(wall ?? seconds)))
    }

    static func renewal(canIssue: Bool = false) -> CertificateRenewal {
        CertificateRenewal(validity, of: own, canIssue: canIssue)
    }

    @Test("nothing is asked before half of the life, and the clock is looked at every ten seconds") func early() {
        var renewal = Self.renewal()
        #expect(renewal.next(Self.voters(), at: Self.at(0)) == .wait(.seconds(10)))
        #expect(renewal.next(Self.voters(), at: Self.at(499)) == .wait(.seconds(1)))
        #expect(renewal.nextAttempt(at: Self.at(499)) == now.advanced(by: .seconds(500)))
        #expect(renewal.next(Self.voters(), at: Self.at(500)) == .ask(Self.id(3)))
    }

    @Test("a node that can issue asks itself first, then the others, connected ones before the rest") func order() {
        var renewal = Self.renewal(canIssue: true)
        let asked = (0..<4).map { _ in renewal.next(Self.voters(connected: [1, 4]), at: Self.at(500)) }
        #expect(asked == [.ask(Self.own), .ask(Self.id(4)), .ask(Self.id(1)), .ask(Self.id(3))])
        var other = Self.renewal()
        #expect(other.next(Self.voters(), at: Self.at(500)) == .ask(Self.id(3)))
        other.renewed(CertificateValidity(from: now.advanced(by: .seconds(500)), lasting: .seconds(1000)))
        #expect(other.next(Self.voters(), at: Self.at(999)) == .wait(.seconds(1)))
        #expect(other.next(Self.voters(), at: Self.at(1000)) == .ask(Self.id(3)))
    }

    @Test("while some voters are away the rest are asked, one after the other") func someAway() {
        var renewal = Self.renewal()
        var asked: [Step] = []
        for second in 500..<503 { asked.append(renewal.next(Self.voters(connected: [1]), at: Self.at(UInt64(second)))) }
        #expect(asked == [.ask(Self.id(1)), .ask(Self.id(3)), .ask(Self.id(4))])
        #expect(renewal.next(Self.voters(), at: Self.at(503)) == .wait(.seconds(1)))
        #expect(renewal.nextAttempt(at: Self.at(503)) == now.advanced(by: .seconds(504)))
        // Somebody who came back is asked in the next round, and one who was never there does no harm.
        #expect(renewal.next(Self.voters(), at: Self.at(504)) == .ask(Self.id(3)))
        #expect(renewal.next([], at: Self.at(505)) == .wait(.seconds(2)))
    }

    @Test("while all are away until the end, attempts go on at a bounded rate and stop when nobody can help")
    func allAway() {
        var renewal = Self.renewal()
        var second: UInt64 = 500
        var rounds: [UInt64] = []
        while second <= 1000 {
            switch renewal.next(Self.voters(connected: []), at: Self.at(second)) {
            case .ask(let member): if member == Self.id(3) { rounds.append(second) }
            case .wait(let span):
                #expect(span <= .seconds(10))
                second += max(1, span.milliseconds / 1000)
            }
        }
        #expect(rounds.prefix(5) == [500, 501, 503, 507, 515])
        let gaps = zip(rounds.dropFirst(), rounds).map { $0 - $1 }
        #expect(gaps.allSatisfy { (1...32).contains($0) } && rounds.count >= 20, "\(rounds)")
        #expect((rounds.last ?? 0) >= 998)
        for second in [1001, 1100, 9000] {
            guard case .wait(let span) = renewal.next(Self.voters(), at: Self.at(UInt64(second))) else {
                Issue.record("asked others by a certificate that has ended")
                return
            }
            #expect(span <= .seconds(10))
        }
    }

    @Test("after the end a node can still help itself") func selfHelp() {
        var renewal = Self.renewal(canIssue: true)
        #expect(renewal.next(Self.voters(), at: Self.at(2000)) == .ask(Self.own))
        #expect(renewal.next(Self.voters(), at: Self.at(2000)) == .wait(.seconds(1)))
        #expect(renewal.next(Self.voters(), at: Self.at(2001)) == .ask(Self.own))
    }

    @Test("a wall clock that jumps ahead is followed; so is one that comes back") func jumpAhead() {
        var renewal = Self.renewal()
        #expect(renewal.next(Self.voters(), at: Self.at(10)) == .wait(.seconds(10)))
        #expect(renewal.next(Self.voters(), at: Self.at(70, wall: 700)) == .ask(Self.id(3)))
        #expect(renewal.next(Self.voters(), at: Self.at(71, wall: 71)) == .wait(.seconds(10)))
        // Nothing is left of the round that was under way.
        #expect(renewal.next(Self.voters(), at: Self.at(500)) == .ask(Self.id(3)))
    }

    @Test("pauses grow to an hour, and one that the wall clock has made too long is cut short") func jumpInPause() {
        let long = CertificateValidity(from: now, lasting: .seconds(10_000_000))
        var renewal = CertificateRenewal(long, of: Self.own, canIssue: false)
        var second: UInt64 = 0
        var pauses: [UInt64] = []
        for _ in 0..<14 {
            let moment = Self.at(second, wall: 5_000_000)
            let step = renewal.next([], at: moment)
            pauses.append(renewal.nextAttempt(at: moment).elapsed(since: moment.wall).milliseconds / 1000)
            #expect(step == .wait(.seconds(min(10, pauses.last ?? 0))))
            second += pauses.last ?? 0
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600])
        #expect(renewal.next([], at: Self.at(second, wall: 5_000_000)) == .wait(.seconds(10)))
        #expect(renewal.next(Self.voters(), at: Self.at(second + 5, wall: 9_999_950)) == .ask(Self.id(3)))
    }

    @Test("a certificate that has not begun is due, and any that counts now is better") func jumpBack() {
        let early = Moment(monotonic: .zero, wall: now.reduced(by: .seconds(5000)))
        var renewal = Self.renewal(canIssue: true)
        #expect(renewal.next([], at: early) == .ask(Self.own))
        let present = CertificateValidity(from: early.wall, lasting: .seconds(1000))
        #expect(renewal.isImproved(by: present, at: early.wall))
        #expect(!renewal.isImproved(by: Self.validity, at: early.wall))
    }

    @Test("a certificate that ends no later is no improvement") func improvement() {
        let renewal = Self.renewal()
        let middle = now.advanced(by: .seconds(500))
        #expect(!renewal.isImproved(by: Self.validity, at: middle))
        #expect(renewal.isImproved(by: CertificateValidity(from: middle, lasting: .seconds(501)), at: middle))
        #expect(!renewal.isImproved(by: CertificateValidity(from: middle, lasting: .seconds(500)), at: middle))
    }
}
