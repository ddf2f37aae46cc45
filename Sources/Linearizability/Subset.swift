/// A set of small numbers that is mostly full at its beginning and empty at its end, as the operations that a search
/// has ordered are.
struct Subset: Sendable {
    /// Where the set is neither full nor empty; equal for equal sets.
    struct Window: Hashable, Sendable {
        let firstWord: Int
        let words: [UInt64]
    }

    private var words: [UInt64]
    /// Words before are full.
    private var firstWord = 0
    /// Words from here on are empty.
    private var endWord = 0

    init(capacity: Int) { words = Array(repeating: 0, count: (capacity + 63) / 64) }

    var window: Window { Window(firstWord: firstWord, words: Array(words[firstWord..<max(firstWord, endWord)])) }

    func contains(_ number: Int) -> Bool { words[number / 64] & (1 << (number % 64)) != 0 }

    mutating func insert(_ number: Int) {
        words[number / 64] |= 1 << (number % 64)
        endWord = max(endWord, number / 64 + 1)
        while firstWord < words.count, words[firstWord] == .max { firstWord += 1 }
    }

    mutating func remove(_ number: Int) {
        words[number / 64] &= ~(1 << (number % 64))
        firstWord = min(firstWord, number / 64)
        while endWord > 0, words[endWord - 1] == 0 { endWord -= 1 }
    }
}

extension Subset.Window {
    func isSubset(of other: Subset.Window) -> Bool {
        let end = max(firstWord + words.count, other.firstWord + other.words.count)
        return (0..<end).allSatisfy { word(at: $0) & ~other.word(at: $0) == 0 }
    }

    private func word(at index: Int) -> UInt64 {
        if index < firstWord { return .max }
        return index - firstWord < words.count ? words[index - firstWord] : 0
    }
}
