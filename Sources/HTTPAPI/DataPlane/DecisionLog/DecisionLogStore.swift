internal import Glibc
package import Kernel
internal import Service
internal import Synchronization

/// The decision log of a node: JSON lines in numbered files, `decisions-00000000000000000001.jsonl` and so on.
///
/// What it promises: when `append` returns true, every line has been handed to the operating system by `write(2)`, so
/// that it survives the end of this process at any moment. A crash of the machine may lose what the kernel had not
/// written back; forcing each batch to disk would cost more than the decisions themselves. When `append` returns
/// false, none of the lines count: whoever asked must be told no.
///
/// Writing is bounded by construction: there is no queue. The event loop that decided writes its batch, one call for
/// all decisions of one turn of the loop, and releases the answers afterwards. A thread of its own would cost two
/// wake-ups a batch, more than the write, and would still have to be waited for. What a slow disk holds up is therefore
/// answers, and those that waited for longer than `patience` are denials.
package final class DecisionLogStore: DecisionLogSink {
    package struct Limits: Hashable, Sendable {
        package var fileByteCount: Int
        /// How many files are kept, the current one included.
        package var fileCount: Int
        /// How long a write may take before its answers are no longer given as they were decided.
        package var patience: Kernel.Span

        package init(fileByteCount: Int = 64 << 20, fileCount: Int = 16, patience: Kernel.Span = .seconds(1)) {
            self.fileByteCount = max(fileByteCount, 1)
            self.fileCount = max(fileCount, 2)
            self.patience = patience
        }
    }

    package let directory: String
    package let limits: Limits
    private let state: Mutex<State>
    private let failures = Atomic<UInt64>(0)
    private let written = Atomic<UInt64>(0)

    private struct State: ~Copyable {
        var file: DecisionLogFile
        var isFailing = false
        var nextCheck: UInt64 = 0
    }

    /// Creates the directory where it is missing, and goes on with its newest file.
    package init(directory: String, limits: Limits = Limits()) throws(DecisionLogError) {
        self.directory = directory
        self.limits = limits
        try DecisionLogFile.createDirectory(directory)
        let number = try DecisionLogFile.numbers(in: directory).last ?? 1
        self.state = Mutex(State(file: try DecisionLogFile(directory: directory, number: number)))
    }

    /// Appends whole lines. Safe from any thread; blocks for as long as the disk does.
    package func append(_ lines: [UInt8]) -> Bool {
        if lines.isEmpty { return true }
        let start = Self.monotonicMicroseconds()
        let isWritten = state.withLock { state in write(lines, &state, at: start) }
        let isInTime = Self.monotonicMicroseconds() &- start <= limits.patience.microseconds
        if isWritten {
            written.add(UInt64(lines.count), ordering: .relaxed)
        }
        if !isWritten || !isInTime { failures.add(1, ordering: .relaxed) }
        return isWritten && isInTime
    }

    /// Whether the newest write failed. Decisions are denials until one succeeds again.
    package var isFailing: Bool { state.withLock { $0.isFailing } }
    /// Batches that could not be written, or not in time.
    package var failureCount: UInt64 { failures.load(ordering: .relaxed) }
    package var writtenByteCount: UInt64 { written.load(ordering: .relaxed) }

    private func write(_ lines: [UInt8], _ state: inout State, at now: UInt64) -> Bool {
        do throws(DecisionLogError) {
            try rotate(&state, before: lines.count)
            try reopenIfRemoved(&state, at: now)
            try state.file.append(lines)
            state.isFailing = false
        } catch {
            state.isFailing = true
        }
        return !state.isFailing
    }

    private func rotate(_ state: inout State, before byteCount: Int) throws(DecisionLogError) {
        guard state.file.byteCount > 0, state.file.byteCount + byteCount > limits.fileByteCount else { return }
        state.file = try DecisionLogFile(directory: directory, number: state.file.number + 1)
        for number in try DecisionLogFile.numbers(in: directory).dropLast(limits.fileCount) {
            DecisionLogFile.remove(number, in: directory)
        }
    }

    /// Looks once a second whether somebody has deleted the file: what is written to it then would be lost.
    private func reopenIfRemoved(_ state: inout State, at now: UInt64) throws(DecisionLogError) {
        guard now >= state.nextCheck else { return }
        state.nextCheck = now &+ 1_000_000
        guard state.file.isRemoved else { return }
        try DecisionLogFile.createDirectory(directory)
        state.file = try DecisionLogFile(directory: directory, number: state.file.number + 1)
    }

    private static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000 &+ UInt64(time.tv_nsec) / 1000
    }
}
