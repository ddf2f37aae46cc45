internal import JSON

/// Ids in the order of their bytes, each once, that can be read on from anywhere.
///
/// Kept in pieces, so that a changed copy shares all but one of them with the one that it was made from.
struct SortedIDs: Sendable {
    /// None is empty.
    private var pieces: [[String]] = []

    private static let pieceLimit = 512

    init() {}

    init(_ ids: some Sequence<String>) {
        for id in ids { insert(id) }
    }

    var isEmpty: Bool { pieces.isEmpty }

    /// Does nothing where it is there.
    mutating func insert(_ id: String) {
        guard !pieces.isEmpty else { return pieces.append([id]) }
        let piece = piece(for: id)
        let place = Self.place(of: id, in: pieces[piece])
        if place < pieces[piece].count, pieces[piece][place].isExactly(id) { return }
        guard pieces[piece].count == Self.pieceLimit else { return pieces[piece].insert(id, at: place) }
        // What comes in order fills its pieces.
        if piece == pieces.count - 1, place == Self.pieceLimit { return pieces.append([id]) }
        pieces.insert(Array(pieces[piece][(Self.pieceLimit / 2)...]), at: piece + 1)
        pieces[piece].removeSubrange((Self.pieceLimit / 2)...)
        insert(id)
    }

    /// Does nothing where it is not there.
    mutating func remove(_ id: String) {
        guard !pieces.isEmpty else { return }
        let piece = piece(for: id)
        let place = Self.place(of: id, in: pieces[piece])
        guard place < pieces[piece].count, pieces[piece][place].isExactly(id) else { return }
        pieces[piece].remove(at: place)
        let next = piece + 1
        if pieces[piece].isEmpty {
            pieces.remove(at: piece)
        } else if next < pieces.count, pieces[piece].count + pieces[next].count <= Self.pieceLimit / 2 {
            pieces[piece] += pieces.remove(at: next)
        }
    }

    /// Calls `body` with one after the other of those behind `id`, until it returns false.
    func forEach(after id: String, _ body: (String) -> Bool) {
        guard !pieces.isEmpty else { return }
        let first = piece(for: id)
        var place = Self.place(of: id, in: pieces[first])
        if place < pieces[first].count, pieces[first][place].isExactly(id) { place += 1 }
        for piece in pieces[first...] {
            while place < piece.count {
                guard body(piece[place]) else { return }
                place += 1
            }
            place = 0
        }
    }

    /// The first of all lists together that come after an id, in order and each once.
    static func merged(_ lists: [SortedIDs], after id: String, limit: Int) -> [String] {
        lists.reduce([]) { $0.merging($1, after: id, limit: limit) }
    }

    /// The one that it is in, if it is in any.
    private func piece(for id: String) -> Int {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if id.precedesExactly(pieces[middle][0]) { high = middle } else { low = middle }
        }
        return low
    }

    /// Where it is, or would have to be.
    private static func place(of id: String, in piece: [String]) -> Int {
        var (low, high) = (0, piece.count)
        while low < high {
            let middle = (low + high) / 2
            if piece[middle].precedesExactly(id) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension [String] {
    fileprivate func merging(_ list: SortedIDs, after id: String, limit: Int) -> [String] {
        var merged: [String] = []
        var place = 0
        list.forEach(after: id) { next in
            while place < count, merged.count < limit, self[place].precedesExactly(next) {
                merged.append(self[place])
                place += 1
            }
            guard merged.count < limit else { return false }
            if place < count, self[place].isExactly(next) { place += 1 }
            merged.append(next)
            return true
        }
        return merged + self[place...].prefix(limit - merged.count)
    }
}

extension SortedIDs: Hashable {
    /// How they are divided says nothing.
    static func == (lhs: SortedIDs, rhs: SortedIDs) -> Bool {
        lhs.pieces.joined().elementsEqual(rhs.pieces.joined()) { $0.isExactly($1) }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(pieces.first?.first) }
}
