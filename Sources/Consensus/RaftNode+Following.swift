import Kernel

extension RaftNode {
    /// AppendEntries, receiver's part. Raft figure 2.
    mutating func receiveAppend(_ append: Message.Append, from leader: MemberID) {
        // The log is about to be replaced as a whole.
        guard staging?.isInstalling != true else { return }
        guard append.previous.index >= commitIndex else {
            // Everything up to the commit index is equal anyway.
            return sendWhenDurable(.appendAccepted(matchIndex: min(commitIndex, log.last.index)), to: leader)
        }
        guard log.term(at: append.previous.index) == append.previous.term else {
            let hint = log.position(atOrBelow: append.previous.index, termAtMost: append.previous.term)
            return send(.appendRejected(previous: append.previous.index, hint: hint), to: leader)
        }
        guard isWellFormed(append) else {
            counters.malformed += 1
            return
        }
        let new = append.entries.drop { log.term(at: $0.index) == $0.term }
        if let first = new.first {
            guard first.index > commitIndex else {
                // To cut what is committed is never right, whoever asks.
                counters.malformed += 1
                out.effects.append(
                    .note(Note(.error, "append conflicts with a committed entry", .init("entry", "\(first.position)"))))
                return
            }
            guard take(Array(new)) else { return }
        }
        let matchIndex = LogIndex(append.previous.index.number + UInt64(append.entries.count))
        advanceCommit(to: min(append.commitIndex, matchIndex))
        sendWhenDurable(.appendAccepted(matchIndex: matchIndex), to: leader)
    }

    /// Contiguous, with terms and times that never go back and never pass the message's.
    private func isWellFormed(_ append: Message.Append) -> Bool {
        var previous = append.previous
        for entry in append.entries {
            guard entry.index == previous.index.next, entry.term >= previous.term, entry.term <= term else { return false }
            previous = entry.position
        }
        return true
    }

    /// Replaces what follows by entries that continue the hash chain, or changes nothing.
    private mutating func take(_ new: [Entry]) -> Bool {
        guard let first = new.first, let start = log.hash(at: first.index.previous) else { return false }
        var hash = start
        for entry in new {
            guard entry.previousHash == hash else {
                counters.brokenChains += 1
                out.effects.append(
                    .note(Note(.error, "entry breaks the hash chain", .init("entry", "\(entry.position)"))))
                return false
            }
            hash = entry.hash
        }
        if first.index <= log.last.index {
            log.truncate(after: first.index.previous, hash: start)
            lastCut = thisWrite
        }
        log.append(new, lastHash: hash)
        out.entries = new
        return true
    }
}
