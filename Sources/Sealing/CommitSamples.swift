import Kernel

/// What a leader remembers of its commit index over time: a seal of a time may not lie below the commit index of that time.
struct CommitSamples: Hashable, Sendable {
    struct Sample: Hashable, Sendable {
        /// The last time, by the leader's clock, at which the commit index was seen to be this.
        var time: WallTime
        let commitIndex: LogIndex
    }

    /// Both parts ascend.
    private(set) var samples: [Sample] = []

    /// When there are more, every other one is let go: a seal is then a little older than it could be.
    static let capacity = 64

    /// A clock that has been set back says nothing until it is past where it was: times are to be moments, each once.
    mutating func add(_ time: WallTime, _ commitIndex: LogIndex) {
        guard let last = samples.last else { return samples.append(Sample(time: time, commitIndex: commitIndex)) }
        guard time > last.time else { return }
        if last.commitIndex == commitIndex {
            samples[samples.count - 1].time = time
        } else {
            if samples.count == Self.capacity {
                samples = stride(from: 1, to: samples.count, by: 2).map { samples[$0] }
            }
            samples.append(Sample(time: time, commitIndex: commitIndex))
        }
    }

    /// The latest time at which nothing was committed beyond the index.
    func newest(notBeyond index: LogIndex) -> WallTime? { samples.last { $0.commitIndex <= index }?.time }

    /// Those that no later seal will be of.
    mutating func drop(through time: WallTime) {
        guard let place = samples.lastIndex(where: { $0.time <= time }) else { return }
        // The newest stays, so that a clock that is set back is noticed.
        samples.removeFirst(min(place + 1, samples.count - 1))
    }
}
