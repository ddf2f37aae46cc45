package import Kernel

/// What a member knows of its log beyond what its store holds.
extension RaftNode {
    /// What the entry at `index` hashes to; nil for one that has left memory.
    package func hash(at index: LogIndex) -> Digest? { log.hash(at: index) }

    /// Entries up to `last`, none below `first`, as far back as memory reaches.
    package func recentEntries(from first: LogIndex, endingAt last: LogIndex) -> [Entry] {
        log.entries(from: max(first, log.base.index.next), through: last, maxBytes: .max)
    }

    package var durablePosition: LogPosition { log.position(at: log.durableIndex) ?? log.base }
}
