package import Kernel

/// Who keeps links to whom: a function of the list of nodes and of a seed, both from the log, so that every node computes
/// the same one.
///
/// Each node chooses `choiceCount` others by rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to
/// increase hit rates", 1998): the others are ranked by a hash of both, and the first are chosen. Of them `randomCount` are the
/// first among all, then come the first `outsideCount` of other zones, then the first of its own zone; where a zone is
/// short of nodes, the first of all that are left. Links are used in both directions, so a node has about twice as many.
///
/// A node that comes or goes changes about `choiceCount` choices of others, and each of those by one.
package struct Overlay: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package let id: MemberID
        /// What may be lost at once, such as a region. Empty for nodes that name none, which is a zone as well.
        package let zone: String

        package init(id: MemberID, zone: String = "") {
            self.id = id
            self.zone = zone
        }
    }

    package static let choiceCount = 14
    package static let randomCount = 10
    package static let outsideCount = 2

    package let seed: Digest
    /// In order of their ids, each once.
    package internal(set) var members: [Member]
    /// Of each member: what its rank with others is computed from. An incarnation changes nothing about it.
    var keys: [UInt64]
    /// Of each member: its zone's place among the names of zones.
    var zones: [Int32]
    /// Places of those that each member chose, `stride` of each, in order of their places.
    var choices: [Int32]
    /// Of each member: the lowest rank among those that it chose.
    var weakest: [UInt64]
    /// Places of the neighbours of each member, in order, one member after the other.
    var links: [Int32] = []
    /// Where the neighbours of each member begin in `links`; one more at the end.
    var starts: [Int] = []

    /// - Parameter members: In any order; of two with one id the first counts.
    package init(seed: Digest, members: [Member]) {
        self.seed = seed
        self.members = Self.ordered(members)
        keys = self.members.map { Self.key(of: $0.id, seed: seed) }
        zones = Self.zoneNumbers(of: self.members)
        choices = []
        weakest = []
        chooseAll()
        linkAll()
    }

    package var count: Int { members.count }
    /// How many each one chooses.
    var stride: Int { min(Self.choiceCount, max(0, members.count - 1)) }

    package func contains(_ id: MemberID) -> Bool { place(of: id) != nil }

    /// In order of their ids; empty for a stranger.
    package func neighbours(of id: MemberID) -> [MemberID] {
        guard let place = place(of: id) else { return [] }
        return neighbourPlaces(of: place).map { members[Int($0)].id }
    }

    /// Whether the two keep a link.
    package func links(_ first: MemberID, _ second: MemberID) -> Bool {
        guard let from = place(of: first), let to = place(of: second) else { return false }
        return neighbourPlaces(of: from).contains(Int32(to))
    }

    /// Places in `members`, in order.
    package func neighbourPlaces(of place: Int) -> ArraySlice<Int32> { links[starts[place]..<starts[place + 1]] }

    /// Place in `members`; nil for a stranger.
    package func place(of id: MemberID) -> Int? {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].id == id ? low : nil
    }

    static func ordered(_ members: [Member]) -> [Member] {
        var ordered: [Member] = []
        ordered.reserveCapacity(members.count)
        // A stable order, so that the first of two with one id stays the first.
        let places = members.indices.sorted { (members[$0].id, $0) < (members[$1].id, $1) }
        for place in places where ordered.last?.id != members[place].id { ordered.append(members[place]) }
        return ordered
    }

    static func zoneNumbers(of members: [Member]) -> [Int32] {
        var numbers: [String: Int32] = [:]
        return members.map { member in
            let number = numbers[member.zone] ?? Int32(numbers.count)
            numbers[member.zone] = number
            return number
        }
    }

    static func key(of id: MemberID, seed: Digest) -> UInt64 {
        var hasher = DigestHasher()
        hasher.update(seed)
        hasher.update(id.high)
        hasher.update(id.low)
        return hasher.finalize().words.0
    }
}
