internal import Glibc
package import Service

/// Reads the decision log while it is being written.
///
/// Memory is bounded by the filter's limit and the length of a line, whatever the files hold. Reading blocks: call it
/// from a thread that may.
package enum DecisionLogSearch {
    /// The newest entries that match, oldest first.
    package static func run(
        directory: String,
        filter: DecisionLogFilter
    ) throws(DecisionLogError) -> [DecisionLogEntry] {
        var found: [DecisionLogEntry] = []
        for number in try DecisionLogFile.numbers(in: directory).reversed() {
            let wanted = filter.limit - found.count
            guard wanted > 0 else { break }
            let file = try matches(in: DecisionLogFile.path(number, in: directory), filter: filter, limit: wanted)
            found = file.entries + found
            if file.reachesBefore { break }
        }
        return found
    }

    private struct FileMatches {
        var entries: [DecisionLogEntry] = []
        /// Whether the file's first entry is older than what is wanted, so that no earlier file can match.
        var reachesBefore = false
    }

    private static func matches(
        in path: String,
        filter: DecisionLogFilter,
        limit: Int
    ) throws(DecisionLogError) -> FileMatches {
        var result = FileMatches()
        var isFirst = true
        let needle = filter.needle
        try forEachLine(of: path) { line in
            if isFirst || needle.map({ contains(line, $0) }) ?? true {
                guard let entry = DecisionLogEntry(parsing: line) else { return }
                if isFirst, let since = filter.since { result.reachesBefore = entry.time < since }
                isFirst = false
                guard filter.matches(entry) else { return }
                result.entries.append(entry)
                // Twice the limit is kept, so that dropping the front is rare.
                if result.entries.count >= limit * 2 { result.entries.removeFirst(limit) }
            }
        }
        result.entries = Array(result.entries.suffix(limit))
        return result
    }

    private static let chunkByteCount = 1 << 16

    private static func forEachLine(of path: String, _ body: ([UInt8]) -> Void) throws(DecisionLogError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        // Rotated away since the directory was read.
        if descriptor < 0 && errno == ENOENT { return }
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: chunkByteCount)
        var line: [UInt8] = []
        var isTooLong = false
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .last("read", path) }
            if count == 0 { return }
            var rest = chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                if !isTooLong { body(line) }
                line.removeAll(keepingCapacity: true)
                isTooLong = false
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > DecisionLogEntry.maxByteCount {
                isTooLong = true
                line.removeAll()
            }
        }
    }

    private static func contains(_ line: [UInt8], _ needle: [UInt8]) -> Bool {
        guard let first = needle.first else { return true }
        var start = line.startIndex
        while start + needle.count <= line.count, let index = line[start...].firstIndex(of: first) {
            if line[index...].starts(with: needle) { return true }
            start = index + 1
        }
        return false
    }
}
