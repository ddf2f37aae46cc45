package import Kernel

/// The randomness of one run: a stream for each concern, so that drawing more for one does not shift another's.
package struct Streams: Sendable {
    package var network: SeededRandom
    package var disk: SeededRandom
    package var clock: SeededRandom
    package var faults: SeededRandom
    package var clients: SeededRandom
    package var nodes: SeededRandom
    package var members: SeededRandom
    package var lies: SeededRandom
    package var elections: SeededRandom
    package var handOvers: SeededRandom
    package var seals: SeededRandom
    package var edges: SeededRandom
    package var faultsApart: SeededRandom
    package var core: SeededRandom
    package var upgrades: SeededRandom
    package var thefts: SeededRandom

    package init(seed: UInt64) {
        var root = SeededRandom(seed: seed)
        network = root.split()
        disk = root.split()
        clock = root.split()
        faults = root.split()
        clients = root.split()
        nodes = root.split()
        members = root.split()
        lies = root.split()
        elections = root.split()
        handOvers = root.split()
        seals = root.split()
        edges = root.split()
        faultsApart = root.split()
        core = root.split()
        upgrades = root.split()
        thefts = root.split()
    }
}

extension SeededRandom {
    /// Uniform below `bound`; zero for a bound of zero. The bias of the remainder is far below what a test could see.
    mutating func below(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : next() % bound }

    mutating func below(_ bound: Int) -> Int { Int(below(UInt64(bound))) }

    /// Both ends included.
    mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    mutating func span(_ range: ClosedRange<Span>) -> Span {
        Span(microseconds: within(range.lowerBound.microseconds...range.upperBound.microseconds))
    }

    mutating func chance(_ partsPerMillion: UInt64) -> Bool {
        partsPerMillion > 0 && below(1_000_000) < partsPerMillion
    }

    /// Nil for an empty collection.
    mutating func element<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    /// Falls off like an exponential with this mean, in integers alone so that every platform draws the same: each
    /// halving of the probability adds the mean's half-life.
    mutating func exponential(mean: Span) -> Span {
        let bits = next()
        let halvings = UInt64(min(bits.leadingZeroBitCount, 12))
        let fraction = next() >> 54
        // ln 2 is 0.693; the fraction, of 1024, smooths the steps between halvings.
        let units = (halvings * 1024 + fraction) * 693 / 1000
        return Span(microseconds: mean.microseconds * units / 1024)
    }
}
