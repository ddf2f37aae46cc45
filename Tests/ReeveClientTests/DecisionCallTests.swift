import Kernel
import Testing

@testable import ReeveClient

private let (a, b, c) = (address("a"), address("b"), address("c"))

@Suite("One call") struct DecisionCallTests {
    /// Steps one call over three nodes of 1, 2 and 3 ms, whose p95 are the same.
    private struct Run {
        var nodes: NodeSelection
        var call: DecisionCall

        init(floor: UInt64 = 0, _ names: [NodeAddress] = [a, b, c]) {
            var options = SelectionOptions()
            options.switchMargin = .zero
            nodes = NodeSelection(seeds: names, options: options)
            for (place, name) in names.enumerated() {
                for _ in 0..<8 { nodes.probed(name, after: .milliseconds(UInt64(place) + 1)) }
            }
            call = DecisionCall(floor: floor, deadline: at(1000))
        }

        mutating func step(_ input: DecisionCall.Input, at milliseconds: UInt64) -> [DecisionCall.Effect] {
            call.step(input, at: at(milliseconds), &nodes)
        }

        /// As at the beginning of each: the nearest is asked, with its p95 and the deadline to wake at.
        mutating func begin() {
            #expect(step(.begin, at: 0) == [.ask(a, attempt: 0), .wake(at: at(1)), .wake(at: at(1000))])
        }
    }

    @Test("the nearest answers, and nobody else is asked") func plain() {
        var run = Run()
        run.begin()
        #expect(run.step(.decided(attempt: 0, revision: 0), at: 1) == [.finish(.answer(attempt: 0))])
        #expect(run.step(.woke, at: 1) == [])
        #expect(run.step(.decided(attempt: 0, revision: 0), at: 2) == [])
    }

    @Test("one that fails is followed at once, and is down") func failover() {
        var run = Run()
        run.begin()
        #expect(run.step(.failed(attempt: 0), at: 0) == [.ask(b, attempt: 1)])
        #expect(run.nodes.node(a)?.isUp == false)
        #expect(run.step(.decided(attempt: 1, revision: 4), at: 2) == [.finish(.answer(attempt: 1))])
    }

    @Test("when all fail the call ends at once, with what is known") func allFail() {
        var run = Run()
        run.begin()
        #expect(run.step(.failed(attempt: 0), at: 0) == [.ask(b, attempt: 1)])
        #expect(run.step(.failed(attempt: 1), at: 0) == [.ask(c, attempt: 2)])
        #expect(run.step(.failed(attempt: 2), at: 0) == [.finish(.unavailable)])
    }

    @Test("a slow one gets company once, and who answers first counts") func hedge() {
        var run = Run()
        run.begin()
        #expect(run.step(.woke, at: 1) == [.ask(b, attempt: 1)])
        #expect(run.step(.woke, at: 2) == [])
        #expect(run.step(.decided(attempt: 1, revision: 0), at: 40) == [.finish(.answer(attempt: 1))])
        // Known of the slow one: 40 ms at least.
        #expect((run.nodes.node(a)?.latency.smoothed ?? .zero) > .milliseconds(5))
        #expect(run.nodes.node(a)?.isUp == true)
    }

    @Test("nobody is hedged who has failed, who is alone, or beyond the budget") func noHedge() {
        var failed = Run()
        failed.begin()
        _ = failed.step(.failed(attempt: 0), at: 0)
        #expect(failed.step(.woke, at: 1) == [])
        var alone = Run([a])
        alone.begin()
        #expect(alone.step(.woke, at: 1) == [])
        var spent = Run()
        while spent.nodes.takeHedge() {}
        spent.begin()
        #expect(spent.step(.woke, at: 1) == [])
    }

    @Test("an answer from before the floor does not count: the others are asked, then all again, at growing pauses")
    func behind() {
        var run = Run(floor: 10, [a, b])
        run.begin()
        #expect(run.step(.decided(attempt: 0, revision: 9), at: 1) == [.ask(b, attempt: 1)])
        #expect(run.step(.decided(attempt: 1, revision: 8), at: 2) == [.wake(at: at(4))])
        #expect(run.step(.woke, at: 3) == [])
        #expect(run.step(.woke, at: 4) == [.ask(a, attempt: 2)])
        #expect(run.step(.decided(attempt: 2, revision: 9), at: 5) == [.ask(b, attempt: 3)])
        #expect(run.step(.decided(attempt: 3, revision: 9), at: 6) == [.wake(at: at(10))])
        #expect(run.nodes.node(a)?.isUp == true, "who is behind is well")
        #expect(run.step(.woke, at: 10) == [.ask(a, attempt: 4)])
        #expect(run.step(.decided(attempt: 4, revision: 10), at: 11) == [.finish(.answer(attempt: 4))])
    }

    @Test("a node that waited for the floor in vain is well, and is followed; when all have, all are asked again")
    func waitedInVain() {
        var run = Run(floor: 10, [a, b])
        run.begin()
        #expect(run.step(.behind(attempt: 0), at: 250) == [.ask(b, attempt: 1)])
        #expect(run.nodes.node(a)?.isUp == true)
        #expect(run.step(.behind(attempt: 1), at: 500) == [.wake(at: at(502))])
        #expect(run.step(.woke, at: 502).count == 1)
        var late = run
        #expect(late.step(.woke, at: 1000) == [.finish(.behind(newest: nil))])
        // Who failed says nothing of the others' revisions.
        #expect(run.step(.failed(attempt: 2), at: 503).count == 1)
        #expect(run.step(.decided(attempt: 3, revision: 10), at: 504) == [.finish(.answer(attempt: 3))])
    }

    @Test("at the deadline the newest revision is told") func behindForEver() {
        var run = Run(floor: 10, [a])
        run.begin()
        #expect(run.step(.decided(attempt: 0, revision: 9), at: 1) == [.wake(at: at(3))])
        #expect(run.step(.woke, at: 1000) == [.finish(.behind(newest: 9))])
    }

    @Test("who cannot decide is followed, and what it said stands if nobody does better") func unable() {
        var run = Run([a, b])
        run.begin()
        #expect(run.step(.unable(attempt: 0), at: 1) == [.ask(b, attempt: 1)])
        #expect(run.nodes.node(a)?.isUp == false)
        var better = run
        #expect(better.step(.decided(attempt: 1, revision: 0), at: 2) == [.finish(.answer(attempt: 1))])
        #expect(run.step(.failed(attempt: 1), at: 2) == [.finish(.answer(attempt: 0))])
    }

    @Test("a question that is refused is not asked again") func refused() {
        var run = Run()
        run.begin()
        #expect(run.step(.refused(attempt: 0), at: 1) == [.finish(.answer(attempt: 0))])
        #expect(run.nodes.node(a)?.isUp == true)
    }

    @Test("no answer before the deadline") func timeout() {
        var run = Run([a])
        run.begin()
        #expect(run.step(.woke, at: 999) == [])
        #expect(run.step(.woke, at: 1000) == [.finish(.timedOut)])
    }

    @Test("a round asks four at most") func bounded() {
        var run = Run((0..<9).map { address("n\($0)") })
        var asked = run.step(.begin, at: 0).count { if case .ask = $0 { true } else { false } }
        for attempt in 0..<9 {
            for case .ask in run.step(.failed(attempt: attempt), at: 0) { asked += 1 }
        }
        #expect(asked == 4)
    }

    /// Everything that may come, in every order, to a bounded depth: about 80,000 ways.
    @Test("whatever comes, in whatever order: one end, and no decision from before the floor") func exhaustive() {
        var (ends, answers) = (0, 0)
        func explore(_ run: Run, waiting: Set<Int>, revisions: [Int: UInt64], time: UInt64, depth: Int) {
            var inputs: [DecisionCall.Input] = [.woke]
            for attempt in waiting.sorted() {
                inputs += [.decided(attempt: attempt, revision: 9), .decided(attempt: attempt, revision: 10)]
                inputs += [.unable(attempt: attempt), .failed(attempt: attempt), .behind(attempt: attempt)]
            }
            for input in inputs where depth > 0 {
                var (next, waiting, revisions) = (run, waiting, revisions)
                let effects = next.step(input, at: time + 2)
                switch input {
                case .decided(let attempt, let revision):
                    waiting.remove(attempt)
                    revisions[attempt] = revision
                case .unable(let attempt), .failed(let attempt), .refused(let attempt), .behind(let attempt):
                    waiting.remove(attempt)
                case .begin, .woke: break
                }
                var isOver = false
                for effect in effects {
                    #expect(!isOver, "something follows the end")
                    switch effect {
                    case .ask(_, let attempt): #expect(waiting.insert(attempt).inserted)
                    case .wake(let instant): #expect(instant <= next.call.deadline)
                    case .finish(.answer(let attempt)):
                        (isOver, answers) = (true, answers + 1)
                        if let revision = revisions[attempt] { #expect(revision >= 10, "\(input)") }
                    case .finish: isOver = true
                    }
                }
                if isOver {
                    ends += 1
                } else {
                    explore(next, waiting: waiting, revisions: revisions, time: time + 2, depth: depth - 1)
                }
            }
            // Left alone, every call ends by its deadline.
            if depth == 0 {
                var last = run
                let effects = last.step(.woke, at: 1000)
                #expect(effects.contains { if case .finish = $0 { true } else { false } })
            }
        }
        var run = Run(floor: 10, [a, b, c])
        run.begin()
        explore(run, waiting: [0], revisions: [:], time: 0, depth: 6)
        #expect(ends > 1000 && answers > 500, "\(ends) ends, \(answers) answers")
    }
}
