/// Numbers by hash codes and what they belong to: open addressing in one array of plain integers, so that to copy it is to
/// copy bytes.
///
/// It knows codes only. Whoever looks something up must check that what is found is what was meant.
struct CodeTable: Sendable {
    private struct Entry {
        var code = 0
        var owner: UInt32 = 0
        var value: UInt32 = CodeTable.vacant
    }

    static let vacant = UInt32.max
    /// A power of two of them, at most half of them taken.
    private var entries: ContiguousArray<Entry>
    private var count = 0

    init() { entries = ContiguousArray(repeating: Entry(), count: 8) }

    func first(_ code: Int, of owner: UInt32 = 0) -> UInt32? {
        var place = home(code, owner)
        while entries[place].value != Self.vacant {
            if entries[place].code == code, entries[place].owner == owner { return entries[place].value }
            place = after(place)
        }
        return nil
    }

    /// The first that is meant, among those with this code.
    func first(_ code: Int, of owner: UInt32 = 0, where isMeant: (UInt32) -> Bool) -> UInt32? {
        var place = home(code, owner)
        while entries[place].value != Self.vacant {
            let entry = entries[place]
            if entry.code == code, entry.owner == owner, isMeant(entry.value) { return entry.value }
            place = after(place)
        }
        return nil
    }

    /// Adds an entry, also where there are others with this code.
    mutating func add(_ value: UInt32, _ code: Int, of owner: UInt32 = 0) {
        if (count + 1) * 2 > entries.count { grow() }
        place(Entry(code: code, owner: owner, value: value))
        count += 1
    }

    mutating func remove(_ value: UInt32, _ code: Int, of owner: UInt32 = 0) {
        var gap = home(code, owner)
        while entries[gap].value != value || entries[gap].code != code || entries[gap].owner != owner {
            guard entries[gap].value != Self.vacant else { return }
            gap = after(gap)
        }
        count -= 1
        // What follows moves up unless that took it before its home.
        var next = after(gap)
        while entries[next].value != Self.vacant {
            let home = home(entries[next].code, entries[next].owner)
            if distance(from: home, to: next) >= distance(from: gap, to: next) {
                entries[gap] = entries[next]
                gap = next
            }
            next = after(next)
        }
        entries[gap] = Entry()
    }

    /// Keeps its memory.
    mutating func removeAll() {
        for place in entries.indices where entries[place].value != Self.vacant { entries[place] = Entry() }
        count = 0
    }

    private func home(_ code: Int, _ owner: UInt32) -> Int {
        (code &+ Int(owner) &* 0x1E37_79B9_7F4A_7C15) & (entries.count - 1)
    }

    private func after(_ place: Int) -> Int { (place + 1) & (entries.count - 1) }

    private func distance(from start: Int, to end: Int) -> Int { (end - start) & (entries.count - 1) }

    private mutating func grow() {
        let old = entries
        entries = ContiguousArray(repeating: Entry(), count: old.count * 2)
        for entry in old where entry.value != Self.vacant { place(entry) }
    }

    private mutating func place(_ entry: Entry) {
        var place = home(entry.code, entry.owner)
        while entries[place].value != Self.vacant { place = after(place) }
        entries[place] = entry
    }
}
