import Consensus
import Kernel

/// What must hold of every run. Raft figure 3, and the order between memory, disk and state machine.
struct Checker {
    private struct Ballot: Hashable {
        let voter: MemberID
        let term: Term
    }

    var violations: [String] = []
    /// Everything that any member has known to be committed, from index 1 on.
    var committed: [Entry] = []
    private(set) var leaders: [Term: MemberID] = [:]
    private var votes: [Ballot: MemberID] = [:]
    private var hashes: [LogPosition: Digest] = [:]
    /// The configuration that each change led to, on whoever applied it first.
    private var configurationsByIndex: [LogIndex: Configuration] = [:]
    var configurations: [Configuration] { Array(configurationsByIndex.values) }
    var refusedChanges = 0
    /// How often a write cut off what was there.
    private(set) var cuts = 0

    /// Election safety and leader completeness.
    mutating func elected(_ raft: RaftNode, with log: VirtualLog) {
        if let other = leaders[raft.term], other != raft.id {
            violations.append("\(other) and \(raft.id) lead \(raft.term)")
        }
        leaders[raft.term] = raft.id
        for entry in committed where !log.contains(entry.hash, at: entry.index) {
            violations.append("\(raft.id) leads \(raft.term) without the committed \(entry.position)")
        }
    }

    /// State machine safety: nothing committed ever changes. And when something is committed first, a quorum has it on
    /// disk: a majority of each half of the configuration that is in force on the member.
    mutating func check(_ raft: RaftNode, _ log: VirtualLog, holds: (MemberID, Digest, LogIndex) -> Bool) {
        let index = raft.commitIndex
        while committed.count < Int(index.number) {
            let next = LogIndex(UInt64(committed.count + 1))
            guard let entry = log.entries.first(where: { $0.index == next }) else {
                return violations.append("\(raft.id) commits \(next), which it does not have")
            }
            let hash = entry.hash
            for voters in [raft.configuration.voters, raft.configuration.votersOutgoing] where !voters.isEmpty {
                let holders = voters.filter { holds($0, hash, next) }
                if holders.count <= voters.count / 2 {
                    violations.append("\(entry.position) is committed by \(voters), durable on \(holders)")
                }
            }
            committed.append(entry)
        }
        guard index > log.base.position.index, index.number > 0 else { return }
        if log.hash(at: index) != committed[Int(index.number) - 1].hash {
            violations.append("\(raft.id) takes another entry at \(index) for committed")
        }
    }

    /// Log matching: one position, one entry, and with it one history. Nothing committed is cut off.
    mutating func written(_ write: LogWrite, over log: VirtualLog) {
        for entry in write.entries {
            let hash = entry.hash
            if let known = hashes[entry.position], known != hash {
                violations.append("two entries at \(entry.position)")
            }
            hashes[entry.position] = hash
        }
        guard let first = write.entries.first else { return }
        if first.index <= log.last.index { cuts += 1 }
        if log.hash(at: first.index.previous) != first.previousHash {
            violations.append("\(first.position) is written without its predecessor")
        }
        if let time = log.entries.first(where: { $0.index == first.index.previous })?.time, time > first.time {
            violations.append("time goes back at \(first.position)")
        }
    }

    /// One vote a term, across restarts.
    mutating func sent(_ message: Message) {
        let choice: MemberID
        switch message.body {
        case .voteResponse(granted: true): choice = message.to
        case .voteRequest: choice = message.from
        default: return
        }
        let ballot = Ballot(voter: message.from, term: message.term)
        if let known = votes[ballot], known != choice {
            violations.append("\(message.from) votes for \(known) and \(choice) in \(message.term)")
        }
        votes[ballot] = choice
    }

    /// Every member makes the same of a change.
    mutating func changed(_ configuration: Configuration, at index: LogIndex) {
        if let known = configurationsByIndex[index], known != configuration {
            violations.append("the change at \(index) leads to \(known) and to \(configuration)")
        }
        configurationsByIndex[index] = configuration
    }

    /// In order, once, committed, and durable where it is applied.
    mutating func applied(_ entry: Entry, after last: Entry?, on id: MemberID, _ disk: VirtualLog) {
        if let last, entry.index != last.index.next {
            violations.append("\(id) applies \(entry.index) after \(last.index)")
        }
        guard entry.index.number <= committed.count else {
            return violations.append("\(id) applies \(entry.position), which is not committed")
        }
        if committed[Int(entry.index.number) - 1].hash != entry.hash {
            violations.append("\(id) applies another \(entry.position)")
        }
        if !disk.contains(entry.hash, at: entry.index) {
            violations.append("\(id) applies \(entry.position) before it is durable")
        }
    }
}
