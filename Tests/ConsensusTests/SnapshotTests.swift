import Consensus
import Kernel
import Testing

@Suite("Snapshots") struct SnapshotTests {
    @Test("a follower that lags behind the log gets a snapshot and goes on from there") func snapshot() {
        var group = Group(3)
        group.elect()
        let isCut = group.isCut([2])
        for number in 0..<20 {
            group.propose("c\(number)", at: 0)
            group.settle(except: isCut)
        }
        group.compact(0)
        group.crash(0)
        group.pass(.seconds(3))
        for _ in 0..<3 {
            if let leader = group.leader() { group.propose("more", at: leader) }
            group.pass(.seconds(2))
        }
        #expect(group.members[2].disk.base.position.index > LogIndex(1) || group.leader() != 0)
        #expect(group.commands(at: 2) == group.commands(at: 0))
        #expect(group.commands(at: 2).count >= 21)
        #expect(group.violations.isEmpty)
    }

    @Test("a follower that cannot hold one is sent it again seldom, and gets it once it can") func roomMissing() {
        var group = Group(3)
        group.elect()
        for number in 0..<20 {
            group.propose("c\(number)", at: 0)
            group.settle(except: group.isCut([2]))
        }
        for place in 0..<2 {
            group.compact(place)
            group.crash(place)
        }
        group.full = [2]
        group.pass(.seconds(20))
        let restarts = group.members.flatMap(\.notes).count { $0.message == "follower begins a snapshot anew" }
        #expect((3...20).contains(restarts), "\(restarts) times")
        group.full = []
        group.pass(.seconds(30))
        #expect(group.commands(at: 2) == group.commands(at: 0))
        #expect(group.violations.isEmpty)
    }

    /// A follower at index 1 to which n1, leader of term 2, sends a snapshot at index 4.
    private func receiving() -> (Group, SnapshotPoint) {
        let group = Group(3)
        return (group, group.point(after: 1, term: 2, count: 3))
    }

    @Test("is taken chunk by chunk, each acknowledged when it is held") func chunks() {
        var (group, point) = receiving()
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        #expect(group.mail.isEmpty)
        group.sync(1)
        group.work(1)
        #expect(group.bodies == [.snapshotAcknowledged(position: point.position, nextChunk: 1)])
        group.mail = []
        // Twice, and out of order.
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(2, of: point, isLast: true)))
        let answer = Message.Body.snapshotAcknowledged(position: point.position, nextChunk: 1)
        #expect(group.bodies == [answer, answer])
        #expect(group.members[1].work.isEmpty)
    }

    @Test("a chunk that comes again while it is being stored is not stored twice") func repeatedWhileStored() {
        var (group, point) = receiving()
        for _ in 0..<2 { group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point))) }
        #expect(group.members[1].work == [.stageSnapshot(Group.chunk(0, of: point))])
    }

    @Test("is installed only when no write and no apply is under way") func idle() {
        var (group, point) = receiving()
        let entries = group.entries(after: 1, term: 2, count: 1)
        let append = Message.Append(
            previous: group.members[1].raft.lastPosition,
            entries: entries,
            commitIndex: LogIndex(2)
        )
        group.receive(from: 0, to: 1, term: 2, .append(append))
        for number: UInt64 in 0..<3 {
            group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(number, of: point, isLast: number == 2)))
            group.work(1)
        }
        #expect(group.members[1].work.isEmpty, "its log is being written")
        // Held back until the log is replaced.
        group.sync(1)
        #expect(group.members[1].applying.isEmpty)
        #expect(group.members[1].work == [.installSnapshot(point)])
        group.mail = []
        group.receive(from: 0, to: 1, term: 2, .append(append))
        #expect(group.mail.isEmpty, "an append is not answered while the log is replaced")
        group.checker.committed += group.entries(after: 1, term: 2, count: 2)
        group.step(1, .snapshotInstalled(point))
        #expect(group.bodies == [.appendAccepted(matchIndex: point.position.index)])
        #expect(group.members[1].raft.lastPosition == point.position)
        #expect(group.members[1].raft.lastHash == point.hash)
        #expect(group.members[1].raft.commitIndex == point.position.index)
    }

    @Test("a damaged chunk is not held") func damage() {
        var (group, point) = receiving()
        let good = Group.chunk(0, of: point)
        let bad = Message.SnapshotChunk(
            point: point,
            number: 0,
            isLast: false,
            bytes: good.bytes + [0],
            digest: good.digest
        )
        group.receive(from: 0, to: 1, term: 2, .snapshot(bad))
        #expect(group.members[1].work.isEmpty)
        #expect(group.members[1].raft.counters.malformed == 1)
    }

    @Test("one of a later term than its leader's is not held") func future() {
        var (group, point) = receiving()
        let later = SnapshotPoint(
            position: LogPosition(term: Term(3), index: point.position.index),
            hash: point.hash,
            time: point.time,
            configuration: point.configuration
        )
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: later)))
        #expect(group.members[1].work.isEmpty)
        #expect(group.members[1].raft.counters.malformed == 1)
        group.receive(from: 0, to: 1, term: 3, .snapshot(Group.chunk(0, of: later)))
        #expect(group.members[1].work == [.stageSnapshot(Group.chunk(0, of: later))])
    }

    @Test("one at or below the commit index is answered by what is held") func old() {
        var group = Group(3)
        let point = group.appliedPoint(of: 1)
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        group.sync(1)
        #expect(group.bodies == [.appendAccepted(matchIndex: LogIndex(1))])
        #expect(group.members[1].work.isEmpty)
    }

    @Test("one that the log already holds commits instead of replacing it") func held() {
        var group = Group(3)
        let point = group.point(after: 1, term: 2, count: 3)
        let entries = group.entries(after: 1, term: 2, count: 3)
        let append = Message.Append(
            previous: group.members[1].raft.lastPosition,
            entries: entries,
            commitIndex: LogIndex(1)
        )
        group.receive(from: 0, to: 1, term: 2, .append(append))
        group.sync(1)
        group.checker.committed += entries
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        #expect(group.members[1].work.isEmpty)
        #expect(group.members[1].raft.commitIndex == point.position.index)
    }

    @Test("a newer one replaces what was held, an older one does not") func order() {
        var group = Group(3)
        let (older, newer) = (group.point(after: 1, term: 2, count: 2), group.point(after: 1, term: 2, count: 3))
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: older)))
        group.sync(1)
        group.work(1)
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: newer)))
        #expect(group.members[1].work == [.stageSnapshot(Group.chunk(0, of: newer))])
        group.work(1)
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(1, of: older)))
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: older)))
        #expect(group.members[1].work.isEmpty)
    }

    @Test("a new leader starts over, also with the same snapshot") func newLeader() {
        var (group, point) = receiving()
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        group.sync(1)
        group.work(1)
        group.receive(from: 2, to: 1, term: 3, .heartbeat(commitIndex: .zero, round: 1))
        group.sync(1)
        group.mail = []
        group.receive(from: 2, to: 1, term: 3, .snapshot(Group.chunk(1, of: point)))
        #expect(group.bodies == [.snapshotAcknowledged(position: point.position, nextChunk: 0)])
        group.receive(from: 2, to: 1, term: 3, .snapshot(Group.chunk(0, of: point)))
        #expect(group.members[1].work == [.stageSnapshot(Group.chunk(0, of: point))])
    }

    /// Its state may have lost in a crash what it sent before, and it would be refused for ever as one that is late.
    @Test("a leader that leads again in a later term starts over, also with an older snapshot") func sameLeader() {
        var (group, point) = receiving()
        let older = group.point(after: 1, term: 2, count: 2)
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: point)))
        group.sync(1)
        group.work(1)
        group.receive(from: 0, to: 1, term: 2, .snapshot(Group.chunk(0, of: older)))
        #expect(group.members[1].work == [], "late within its term")
        group.receive(from: 0, to: 1, term: 3, .snapshot(Group.chunk(0, of: older)))
        #expect(group.members[1].work == [.stageSnapshot(Group.chunk(0, of: older))])
    }

    /// Else a snapshot would be installed of which the store may have refused the only chunk.
    @Test("what became of a chunk is not taken for the answer to another attempt at the same snapshot") func attempts()
    {
        var (group, point) = receiving()
        let (first, second) = (Group.chunk(0, of: point), Group.chunk(0, of: point, isLast: true))
        group.receive(from: 0, to: 1, term: 2, .snapshot(first))
        group.receive(from: 2, to: 1, term: 3, .snapshot(second))
        #expect(group.members[1].work == [.stageSnapshot(first)])
        group.sync(1)
        group.work(1)
        #expect(group.members[1].work.isEmpty)
        group.receive(from: 2, to: 1, term: 3, .snapshot(second))
        #expect(group.members[1].work == [.stageSnapshot(second)])
        group.work(1)
        group.sync(1)
        #expect(group.members[1].work == [.installSnapshot(point)])
    }

    /// n1 leads; n3 was away, and what it lacks is neither in the leader's memory nor in its log.
    private func lagging() -> Group {
        var options = RaftOptions()
        options.windowBytes = 1
        var group = Group(3, options: options)
        group.elect()
        for number in 0..<5 {
            group.propose("c\(number)", at: 0)
            group.settle(except: group.isCut([2]))
        }
        group.compact(0)
        return group
    }

    @Test("goes on after loss, and from the start after the receiver crashed", arguments: [false, true])
    func resume(crashes: Bool) {
        var group = lagging()
        var chunks: [UInt64] = []
        // Every second chunk is lost on the way.
        for _ in 0..<100 where group.commands(at: 2).count < 5 {
            group.pass(.milliseconds(50)) { message in
                guard case .snapshot(let chunk) = message.body else { return false }
                chunks.append(chunk.number)
                return !chunks.count.isMultiple(of: 2)
            }
            if crashes, chunks.count == 3 { group.crash(2) }
        }
        #expect(group.commands(at: 2) == ["c0", "c1", "c2", "c3", "c4"])
        #expect(group.installs == 1)
        if crashes {
            #expect(chunks.starts(with: [0, 0, 1, 1, 0]))
        } else {
            #expect(chunks == [0, 0, 1, 1, 2, 2])
        }
        #expect(group.violations.isEmpty)
    }

    @Test("is asked for again when the store had none") func unavailable() {
        var group = lagging()
        group.hasSnapshots = false
        group.pass(.seconds(1))
        #expect(group.installs == 0)
        #expect(group.members[0].raft.followers.last?.state == .snapshot)
        group.hasSnapshots = true
        group.pass(.seconds(1))
        #expect(group.installs == 1)
        #expect(group.commands(at: 2) == group.commands(at: 0))
    }

    @Test("one that ends before the log begins is not sent, since nothing could follow it") func gap() {
        var group = lagging()
        let term = group.members[0].raft.term.number
        group.receive(from: 2, to: 0, term: term, .heartbeatAcknowledged(round: 0))
        for _ in 0..<20 where group.members[0].work.isEmpty && !group.mail.isEmpty { group.deliver(0) }
        #expect(group.members[0].work == [.readSnapshot(for: group.ids[2], position: nil, number: 0)])
        let newest = group.appliedPoint(of: 0)
        for (entry, isSent) in zip(group.members[0].state.suffix(2), [false, true]) {
            let point = SnapshotPoint(
                position: entry.position,
                hash: entry.hash,
                time: entry.time,
                configuration: newest.configuration
            )
            var copy = group
            copy.mail = []
            copy.step(0, .snapshotRead(for: group.ids[2], Group.chunk(0, of: point)))
            #expect(copy.bodies.isEmpty != isSent, "\(point.position)")
        }
    }

    @Test("is not sent to a follower that is away") func away() {
        var group = lagging()
        var chunks = 0
        group.pass(.seconds(5)) { message in
            if case .snapshot = message.body { chunks += 1 }
            return message.from == Group.id(3) || message.to == Group.id(3)
        }
        #expect(chunks == 0)
        #expect(group.members[0].raft.role == .leader)
        group.pass(.seconds(2))
        #expect(group.commands(at: 2) == group.commands(at: 0))
    }
}
