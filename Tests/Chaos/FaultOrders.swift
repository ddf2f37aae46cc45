import Foundation

/// The files through which a node's preloaded libraries are told what to do: `Preload/faults.c`, and libfaketime.
struct FaultOrders: Sendable {
    enum Disk: Sendable {
        case sound
        case slow(milliseconds: Int)
        case failing
        /// No space is left, which a node that asks is told.
        case filling
        /// Nor does a write find any.
        case full
    }

    private static let wordCount = 11
    private static let maximumPorts = 8

    private let control: URL
    private let clock: URL
    private let data: URL

    /// - Parameters:
    ///   - folder: For the files.
    ///   - data: The node's folder of log and state.
    init(folder: URL, data: URL) throws {
        control = folder.appending(path: "control")
        clock = folder.appending(path: "clock")
        self.data = data
        try Data(count: Self.wordCount * 4).write(to: control)
        try step(milliseconds: 0)
    }

    func environment(_ equipment: Equipment) -> [String: String] {
        guard !equipment.libraries.isEmpty else { return [:] }
        return [
            "LD_PRELOAD": equipment.libraries.joined(separator: ":"),
            "CHAOS_CONTROL": control.path(percentEncoded: false),
            "CHAOS_DATA": data.path(percentEncoded: false),
            "FAKETIME_TIMESTAMP_FILE": clock.path(percentEncoded: false),
            "FAKETIME_CACHE_DURATION": "1",
            // Timers go by clocks that a step of the wall clock does not move; nor are the times of files of interest.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        ]
    }

    func set(_ disk: Disk) throws {
        switch disk {
        case .sound: try write([0, 0], at: 0)
        case .slow(let milliseconds):
            try write([UInt32(clamping: milliseconds)], at: 1)
            try write([1], at: 0)
        case .failing: try write([2], at: 0)
        case .filling: try write([3], at: 0)
        case .full: try write([4], at: 0)
        }
    }

    /// - Parameter ports: Of peers that cannot be reached, all others can.
    func refuse(_ ports: [Int]) throws {
        let ports = ports.prefix(Self.maximumPorts).map { UInt32(clamping: $0) }
        try write(ports, at: 3)
        try write([UInt32(ports.count)], at: 2)
    }

    /// Sets the node's wall clock off by so much; it notices within a second.
    func step(milliseconds: Int) throws {
        let sign = milliseconds < 0 ? "-" : "+"
        let size = milliseconds.magnitude
        let fraction = String(size % 1000 + 1000).dropFirst()
        try Data("\(sign)\(size / 1000).\(fraction)s\n".utf8).write(to: clock, options: .atomic)
    }

    private func write(_ words: [UInt32], at index: Int) throws {
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let handle = try FileHandle(forUpdating: control)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(index * 4))
        try handle.write(contentsOf: Data(bytes))
    }
}
