import Consensus
import Foundation
import Glibc
import Kernel
import Storage

/// How long a data directory takes to open, and how much memory, by the length of its log, and whether either grows with it.
///
/// The state reflects all but the last thousand entries, which a start has to load and apply again. Each of the logs that are compared
/// is longer than what a start loads, so that it loads as much of each.
struct LogMeasure {
    let path: String
    private static let batch = 4096
    private static let payloadBytes = 256
    private static let windowBytes = 16 << 20
    /// Of a log that fills the window one and a half times.
    private static let shortest = windowBytes * 3 / 2 / (payloadBytes + Entry.overhead)
    /// So much longer than the shortest log the longest one is to take to open, at most, and so much in any case, since that is noise.
    private static let allowedGrowth = 2.0
    private static let noiseMilliseconds = 50
    /// What a start may take of memory: the window, as entries rather than bytes, twice, while it is read.
    private static let allowedMebibytes = 3 * windowBytes >> 20

    private struct Opening {
        let milliseconds: Int
        let mebibytes: Int
    }

    /// - Returns: What is not as it is to be; empty when all is.
    func run(entries total: Int) throws -> [String] {
        var sizes = [total / 100, total / 10, total].filter { $0 >= Self.shortest }
        guard sizes.count > 1 else {
            return ["a log of \(total) entries is too short to compare: at least \(10 * Self.shortest)"]
        }
        var openings: [Opening] = []
        print("entries,log_bytes,append_per_second,open_ms,resident_anonymous_mib,scrub_seconds,scrub_mib_per_second")
        var written = 1
        while let size = sizes.first {
            sizes.removeFirst()
            let (bytes, seconds) = try grow(from: written, to: size)
            let rate = Double(size - written) / seconds
            written = size
            let open = try opening()
            openings.append(open)
            let scrub = try scrubbing()
            print(
                "\(size),\(bytes),\(Int(rate)),\(open.milliseconds),\(open.mebibytes),"
                    + "\(Self.rounded(scrub.seconds)),\(Int(Double(scrub.bytes) / 1_048_576 / scrub.seconds))"
            )
        }
        return Self.judge(openings)
    }

    private static func judge(_ openings: [Opening]) -> [String] {
        guard let short = openings.first, let long = openings.last else { return ["nothing was measured"] }
        var faults: [String] = []
        let limit = max(Int(Double(short.milliseconds) * allowedGrowth), short.milliseconds + noiseMilliseconds)
        if long.milliseconds > limit {
            faults.append(
                "the longest log takes \(long.milliseconds) ms to open, the shortest \(short.milliseconds): past \(limit)"
            )
        }
        for opening in openings where opening.mebibytes > allowedMebibytes {
            faults.append("to open a log takes \(opening.mebibytes) MiB, past \(allowedMebibytes)")
        }
        return faults
    }

    private func grow(from written: Int, to size: Int) throws -> (bytes: UInt64, seconds: Double) {
        let data = try StorageWriter.open(path)
        let start = Self.now()
        var count = written
        while count < size, let summary = data.log.summary {
            let entries = Self.entries(after: summary.end, count: min(Self.batch, size - count))
            let state = HardState(term: Term(1), vote: nil, commitIndex: summary.last.index)
            try data.log.write([LogWrite(id: LogWrite.ID(UInt64(count)), hardState: state, entries: entries)])
            count += entries.count
        }
        let seconds = Self.now() - start
        let applied = LogIndex(UInt64(size - 1000))
        if let entry = try data.log.entries(from: applied, maxBytes: 1)?.entries.first {
            let point = SnapshotPoint(
                position: entry.position,
                hash: entry.hash,
                time: entry.time,
                configuration: StorageWriter.configuration
            )
            try data.state.write(applied: point) { $0.set([1], for: [1]) }
        }
        return (data.log.summary?.usedBytes ?? 0, seconds)
    }

    /// By a process of its own: what this one has freed would hide what a start takes.
    private func opening() throws -> Opening {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["open", path, "0"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let numbers = text.split(separator: " ").compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        invariant(process.terminationStatus == 0 && numbers.count == 2, "the log was not opened: \(text)")
        return Opening(milliseconds: numbers[0], mebibytes: numbers[1])
    }

    /// Prints how long that took, and how much memory, as `opening` reads it.
    func open() throws {
        let before = Self.anonymousMebibytes()
        let start = Self.now()
        let data = try StorageWriter.open(path)
        let applied = try data.state.applied()
        let cut = try data.log.cutDamagedTail(after: applied, isOnlyVoter: false)
        let restored = try data.log.restore(applied: applied, windowBytes: Self.windowBytes)
        let milliseconds = Int((Self.now() - start) * 1000)
        invariant(cut == nil && restored.entries.count > 1000, "the log is damaged: \(cut as Any)")
        withExtendedLifetime(restored) { print(milliseconds, Self.anonymousMebibytes() - before) }
    }

    private func scrubbing() throws -> (seconds: Double, bytes: Int) {
        let log = try StorageWriter.open(path).log
        let start = Self.now()
        var next: LogIndex? = .zero
        var bytes = 0
        while let index = next {
            let step = try log.scrub(from: index, maxBytes: 1 << 20)
            invariant(step.damage.isEmpty, "the log is damaged: \(step.damage)")
            next = step.next
            bytes += step.byteCount
        }
        return (Self.now() - start, bytes)
    }

    private static func entries(after end: LogEnd, count: Int) -> [Entry] {
        var previous = end
        return (0..<count).map { _ in
            var payload: [UInt8] = []
            payload.append(bigEndian: previous.position.index.number)
            payload += [UInt8](repeating: 7, count: payloadBytes - 8)
            let entry = Entry(
                position: LogPosition(term: Term(1), index: previous.position.index.next),
                time: WallTime(milliseconds: 1000),
                previousHash: previous.hash,
                payload: .command(payload)
            )
            previous = LogEnd(entry)
            return entry
        }
    }

    /// Seconds of a clock that never goes back.
    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    /// Memory of this process that no file backs: the map of the log does not count, since the system may drop it.
    private static func anonymousMebibytes() -> Int {
        guard let file = unsafe fopen("/proc/self/status", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("RssAnon:") {
            return (Int(line.filter(\.isNumber)) ?? 0) / 1024
        }
        return 0
    }
}
