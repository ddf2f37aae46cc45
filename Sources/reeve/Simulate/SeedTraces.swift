import JSON

/// Which hash the trace of each seed came to in one process.
struct SeedTraces {
    private var hashes: [UInt64: String] = [:]

    var count: Int { hashes.count }

    /// From the first seed to the last; nil without any.
    var seeds: ClosedRange<UInt64>? {
        guard let first = hashes.keys.min(), let last = hashes.keys.max() else { return nil }
        return first...last
    }

    mutating func ran(_ seed: UInt64, _ hash: String) { hashes[seed] = hash }

    /// A line of `reeve sim run --json`; that of the totals says nothing of a seed.
    mutating func read(_ line: String) {
        guard let value = try? JSONValue.parse(line), let hash = value["traceHash"]?.stringValue,
            case .integer(let seed)? = value["seed"], let seed = UInt64(exactly: seed)
        else { return }
        ran(seed, hash)
    }

    /// For people: a line for each seed that came out otherwise in the other process, or was not run there.
    func others(than second: SeedTraces) -> [String] {
        hashes.keys.sorted().compactMap { seed in
            let (here, there) = (hashes[seed] ?? "", second.hashes[seed])
            guard here != there else { return nil }
            let text = there.map { "trace \(here) here and \($0) there" } ?? "not run there"
            return "seed \(seed) came out otherwise in a second process: \(text)"
        }
    }
}
