import Kernel

extension RaftNode {
    /// AppendEntries, receiver's part. Raft figure 2.
    mutating func receiveAppend(_ append: Message.Append, from leader: MemberID) {
        // The log is about to be replaced as a whole.
        guard !isReplacingLog else { return }
        // Changes of the configuration mean nothing to who does not know what they change. A leader that has tried from
        // the first entry on, before which no log can differ from another, takes that for the wish for a snapshot.
        guard configuration != .empty else {
            return send(.appendRejected(previous: append.previous.index, hint: .zero), to: leader)
        }
        guard append.previous.index >= commitIndex else {
            // Everything up to the commit index is equal anyway.
            return sendWhenDurable(.appendAccepted(matchIndex: commitIndex), to: leader)
        }
        guard isWellFormed(append) else { return drop(\.malformed, "append is malformed", append) }
        guard log.holds(append.previous) else { return reject(append, to: leader) }
        let known = append.entries.prefix { log.holds($0.position) }
        guard known.allSatisfy({ $0.previousHash == log.hash(at: $0.index.previous) }) else {
            return drop(\.brokenChains, "entry differs from one at the same position", append)
        }
        if known.count < append.entries.count {
            guard take(Array(append.entries[known.endIndex...]), of: append) else { return }
        }
        let matchIndex = append.entries.last?.index ?? append.previous.index
        verifiedIndex = max(verifiedIndex, matchIndex)
        followCommit(to: append.commitIndex)
        sendWhenDurable(.appendAccepted(matchIndex: matchIndex), to: leader)
    }

    /// Contiguous, with terms and times that never go back, and terms that never pass the message's.
    private func isWellFormed(_ append: Message.Append) -> Bool {
        guard append.previous.term <= term else { return false }
        var (previous, time) = (append.previous, WallTime.distantPast)
        for entry in append.entries {
            guard entry.index.number > 0, entry.index.previous == previous.index else { return false }
            guard entry.term >= previous.term, entry.term <= term, entry.time >= time else { return false }
            (previous, time) = (entry.position, entry.time)
        }
        return true
    }

    /// Says the highest position at which the logs could be equal, so that the leader skips whole terms. What is
    /// committed is equal for certain.
    private mutating func reject(_ append: Message.Append, to leader: MemberID) {
        let found = log.position(atOrBelow: append.previous.index, termAtMost: append.previous.term)
        let committed = log.position(at: commitIndex) ?? .zero
        let hint = found.map { $0.index > committed.index ? $0 : committed } ?? committed
        send(.appendRejected(previous: append.previous.index, hint: hint), to: leader)
    }

    /// Replaces what follows by entries that continue the hash chain, or changes nothing.
    private mutating func take(_ new: [Entry], of append: Message.Append) -> Bool {
        guard let first = new.first, let start = log.hash(at: first.index.previous) else { return false }
        // To cut what is committed is never right, nor what this term's leader has sent itself, whoever asks.
        guard first.index > max(commitIndex, verifiedIndex) else {
            drop(\.malformed, "append conflicts with what is committed or verified", append)
            return false
        }
        guard first.time >= log.time(at: first.index.previous) ?? .distantPast else {
            drop(\.malformed, "time goes back", append)
            return false
        }
        var hash = start
        for entry in new {
            guard entry.previousHash == hash else {
                drop(\.brokenChains, "entry breaks the hash chain", append)
                return false
            }
            hash = entry.hash
        }
        if first.index <= log.last.index {
            log.truncate(after: first.index.previous)
            lastCut = thisWrite
        }
        log.append(new, lastHash: hash)
        out.entries = new
        return true
    }

    private mutating func drop(_ counter: WritableKeyPath<Counters, UInt64>, _ why: String, _ append: Message.Append) {
        counters[keyPath: counter] += 1
        note(.error, why, .init("previous", "\(append.previous)"), .init("count", "\(append.entries.count)"))
    }

    /// Commits what a leader says is committed, as far as this log is known to equal the leader's.
    mutating func followCommit(to index: LogIndex) {
        guard !isReplacingLog else { return }
        // Entries of the current term come from its leader alone, so a log that ends in one equals the leader's. This
        // is what a member still knows after a restart.
        if log.last.term == term { verifiedIndex = log.last.index }
        commitIndex = max(commitIndex, min(index, verifiedIndex))
    }
}
