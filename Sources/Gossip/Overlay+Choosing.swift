import Kernel

extension Overlay {
    mutating func chooseAll() {
        choices.removeAll(keepingCapacity: true)
        choices.reserveCapacity(stride * count)
        weakest.removeAll(keepingCapacity: true)
        for place in members.indices {
            let chosen = choices(of: place)
            choices += chosen.places
            weakest.append(chosen.weakest)
        }
    }

    /// One pass over all, with a comparison for each but the few that are among the first so far.
    func choices(of place: Int) -> (places: [Int32], weakest: UInt64) {
        var inside = Ranking()
        var outside = Ranking()
        let (key, zone) = (keys[place], zones[place])
        for other in members.indices where other != place {
            let rank = Self.rank(of: keys[other], for: key)
            if zones[other] == zone { inside.offer(other, rank) } else { outside.offer(other, rank) }
        }
        var picked: [Ranking.Entry] = []
        while picked.count < min(Self.randomCount, stride), let first = Self.takeFirst(&inside, &outside) {
            picked.append(first)
        }
        for _ in 0..<Self.outsideCount { if let far = outside.takeFirst() { picked.append(far) } }
        while picked.count < stride, let near = inside.takeFirst() { picked.append(near) }
        while picked.count < stride, let far = outside.takeFirst() { picked.append(far) }
        // Where there are fewer nodes than choices, those outside may have been one too many.
        let kept = picked.prefix(stride)
        return (kept.map(\.place).sorted(), kept.map(\.rank).min() ?? 0)
    }

    /// The first of both.
    private static func takeFirst(_ inside: inout Ranking, _ outside: inout Ranking) -> Ranking.Entry? {
        guard let near = inside.first else { return outside.takeFirst() }
        guard let far = outside.first else { return inside.takeFirst() }
        return near.rank >= far.rank ? inside.takeFirst() : outside.takeFirst()
    }

    /// The finaliser of MurmurHash3 over both keys, which are uniform already. Not the same for the two directions.
    static func rank(of other: UInt64, for key: UInt64) -> UInt64 {
        var mixed = (key &* 0x9E37_79B9_7F4A_7C15) ^ other
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }

    /// Each member's neighbours, from what each chose and by whom it was chosen.
    mutating func linkAll() {
        var neighbours: [[Int32]] = Array(repeating: [], count: count)
        for place in members.indices {
            for chosen in choices[place * stride..<(place + 1) * stride] {
                neighbours[place].append(chosen)
                neighbours[Int(chosen)].append(Int32(place))
            }
        }
        links = []
        links.reserveCapacity(2 * choices.count)
        starts = [0]
        starts.reserveCapacity(count + 1)
        for place in members.indices {
            var last: Int32 = -1
            // Two that chose each other have one link.
            for neighbour in neighbours[place].sorted() where neighbour != last {
                links.append(neighbour)
                last = neighbour
            }
            starts.append(links.count)
        }
    }
}

/// The highest ranks that were offered, highest first.
private struct Ranking {
    struct Entry {
        let place: Int32
        let rank: UInt64
    }

    private var entries: [Entry] = []
    private var taken = 0
    /// What is not above it would not be kept.
    private var floor: UInt64 = 0

    init() { entries.reserveCapacity(Overlay.choiceCount + 1) }

    var first: Entry? { taken < entries.count ? entries[taken] : nil }

    mutating func takeFirst() -> Entry? {
        guard let entry = first else { return nil }
        taken += 1
        return entry
    }

    mutating func offer(_ place: Int, _ rank: UInt64) {
        if rank > floor || entries.count < Overlay.choiceCount { insert(Entry(place: Int32(place), rank: rank)) }
    }

    private mutating func insert(_ entry: Entry) {
        let position = entries.firstIndex { $0.rank < entry.rank } ?? entries.count
        entries.insert(entry, at: position)
        if entries.count > Overlay.choiceCount { entries.removeLast() }
        if entries.count == Overlay.choiceCount { floor = entries[entries.count - 1].rank }
    }
}
