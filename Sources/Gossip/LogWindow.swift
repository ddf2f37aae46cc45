import DequeModule
import Kernel

/// The end of the log in memory, for those that are a little behind.
struct LogWindow: Sendable {
    /// Consecutive.
    private var records: Deque<LogRecord> = []
    private var byteCount = 0
    private let byteLimit: Int
    private let countLimit: Int

    init(_ options: GossipOptions) {
        byteLimit = options.windowByteLimit
        countLimit = options.windowCountLimit
    }

    /// What does not follow on what is there replaces it.
    mutating func append(_ added: [LogRecord]) {
        guard let first = added.first else { return removeAll() }
        if let last = records.last, last.index.next != first.index { removeAll() }
        for record in added {
            records.append(record)
            byteCount += record.byteCount
        }
        while byteCount > byteLimit || records.count > countLimit, let oldest = records.popFirst() {
            byteCount -= oldest.byteCount
        }
    }

    /// Up to a count of bytes, at least one; nil where the next is not here.
    func records(after index: LogIndex, byteLimit: Int) -> [LogRecord]? {
        guard let first = records.first, index.number < .max, index.next >= first.index else { return nil }
        let start = index.number + 1 - first.index.number
        guard start < UInt64(records.count) else { return nil }
        var total = 0
        var found: [LogRecord] = []
        for record in records[Int(start)...] {
            total += record.byteCount
            if total > byteLimit, !found.isEmpty { break }
            found.append(record)
        }
        return found
    }

    private mutating func removeAll() {
        records = []
        byteCount = 0
    }
}
