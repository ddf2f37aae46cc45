import Directory
import Kernel
import Simulator
import Testing

@Suite("Faults in bundles")
struct FaultFilesTests {
    @Test("every fault that is written is read again")
    func roundTrip() throws {
        let faults: [Fault] = [
            .isolate(.leader), .split([[.node(0)], [.follower]]), .cut(from: .node(0), to: .leader), .healNetwork,
            .network(NetworkQuality(lossPPM: 3)), .crash(.leader, .power, downFor: .seconds(1)),
            .crashDuringWrite(.node(1), .process, downFor: .seconds(2)),
            .crashWhenElected(.power, downFor: .seconds(2)), .handOver(to: .node(2)),
            .stop(.follower, downFor: .seconds(1)),
            .slowDisk(.leader, factor: 7), .hangDisk(.node(2)), .rotLog(.node(2), entries: 3, sparing: 1),
            .wipeDisks(.leader), .backup(.follower), .restoreBackup(.merged), .restoreBackup(.lost),
            .poison(Poison(.undecodable, through: .client), at: .leader),
            .poison(Poison(.tooNew, through: .peers), at: .node(1)), .byzantine(.outsider, for: .seconds(3)),
            .byzantine(.learner, for: .milliseconds(1)), .stepClock(.leader, milliseconds: -4),
            .revokeAgents(count: 3), .state(.follower, agents: 4, .restrict), .upgrade(.leader, downFor: .seconds(2)),
            .raiseFeatureLevel(asks: true), .raiseFeatureLevel(asks: false),
            .theft(.administrator, noticedAfter: .seconds(1)), .theft(.token, noticedAfter: .seconds(2)),
            .correctClocks, .repairAll,
            .crashLoop(.leader, .power, times: 3, every: .seconds(1)), .pause(.follower, for: .seconds(2)),
            .fillDisk(.node(0), for: .seconds(1)), .failWrite(.leader, downFor: .milliseconds(3)),
            .misdirectWrite(.node(1), back: 9), .clog(from: .leader, to: .follower, for: .seconds(3)),
            .network(NetworkQuality(bandwidth: 20_000)),
        ]
        let choices = faults.enumerated().map { number, fault in
            Choice(ChoiceKey(.fault, number: number), .fault(fault), at: Instant(microseconds: UInt64(number)))
        }
        let acts = StatementAct.Flaw.allCases.map {
            ClientAct.state(StatementAct(warrant: 2, sequence: 9, kind: .quarantine, agent: 7, flaw: $0))
        }
        let others: [ClientAct] = [
            .withdrawWarrant(2), .updateSeen(document: 3), .quarantine(agent: 4), .lift(agent: 4), .remove(agent: 5),
            .pry(agent: 6, about: 0, document: 1),
        ]
        let escalations = Escalation.allCases.map { ClientAct.escalate(agent: 7, $0) }
        let rollouts =
            [ClientAct.label(node: 2, isCanary: true), .label(node: 0, isCanary: false), .rollOut(version: 3)]
            + RolloutStep.allCases.map { .steerRollout($0) }
        let operations = (acts + others + escalations + rollouts).enumerated().map { number, act in
            let operation = ChosenOperation(act, node: 1, pause: .seconds(1))
            return Choice(ChoiceKey(.operation, number: number), .operation(operation), at: .zero)
        }
        let lie = Choice(ChoiceKey(.lie, node: 3, number: 2), .number(-7), at: .zero)
        let text = ScheduleFile.text(choices + operations + [lie])
        #expect(try ScheduleFile.parse(text, "choices.jsonl") == choices + operations + [lie])
        for choice in choices + operations { #expect(!choice.description.isEmpty) }
    }

    @Test("and every expectation and option of a scenario")
    func scenario() throws {
        let scenario = Scenario(
            name: "all",
            spareCount: 1,
            zones: [Zone([0, 2], latency: .zero), Zone([1], latency: .milliseconds(40))],
            maximumAge: .seconds(4),
            featureLevel: .seals,
            rollouts: true,
            faults: [
                TimedFault(at: .zero, .byzantine(.learner, for: .seconds(3))),
                TimedFault(at: .zero, when: .leaderElected, .hangDisk(.leader)),
                TimedFault(at: .zero, when: .memberAdded, after: .seconds(1), .hangDisk(.leader)),
                TimedFault(at: .zero, when: .memberPromoted, .hangDisk(.leader)),
                TimedFault(at: .zero, when: .memberRemoved, .hangDisk(.leader)),
                TimedFault(at: .zero, when: .snapshotSent, .hangDisk(.leader)),
                TimedFault(at: Instant(microseconds: 3), when: .revisionReached(7), .hangDisk(.leader)),
                TimedFault(at: Instant(microseconds: 4), when: .faultHappened("hangDisk"), .repairAll),
            ],
            expectations: [
                .grantsHold, .writesResume(within: .seconds(1)), .leaders(atLeast: 2), .snapshots(atLeast: 1),
                .replaced(atLeast: 2), .refused(atLeast: 7), .lost(atLeast: 3), .lies(atLeast: 9),
                .statementsWithoutQuorum(atLeast: 5), .halts(atLeast: 2), .thievesRefused(atLeast: 3),
                .featureLevel(.edges),
                .minorityAcknowledgesNothing,
            ]
        )
        let report = SeedReport(World(Fixtures.options(seed: 1, scenario: scenario)), verdict: .passed)
        let manifest = Manifest(
            seed: 1,
            scenario: scenario,
            finding: Finding(Violation(.knowledge, "none"), report),
            build: "test",
            replay: "none"
        )
        let bundle = Bundle(manifest: manifest, choices: [])
        let files = bundle.files
        let read = try Bundle { name in files.first { $0.name == name }?.text }
        #expect(read.manifest == manifest)
    }
}
