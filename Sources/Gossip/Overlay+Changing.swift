import Kernel

extension Overlay {
    /// The overlay of another list under the same seed: equal to one that is computed from nothing, at the cost of those
    /// choices alone that change, and one comparison for each member that stays and each that comes.
    package func changed(to list: [Member]) -> Overlay {
        let after = Self.ordered(list)
        let joined = after.filter { place(of: $0.id) == nil }
        let kept = after.count - joined.count
        let isSmall = after.count <= 4 * Self.choiceCount || count <= 4 * Self.choiceCount
        // Many at once, as a first list after an empty one, are cheaper together.
        guard !isSmall, joined.count + count - kept <= count / 4, zonesStay(in: after) else {
            return Overlay(seed: seed, members: list)
        }
        var overlay = self
        overlay.replace(by: after)
        return overlay
    }

    /// Whether those that stay are in the zones that they were in.
    private func zonesStay(in after: [Member]) -> Bool {
        after.allSatisfy { member in place(of: member.id).map { members[$0].zone == member.zone } ?? true }
    }

    private mutating func replace(by after: [Member]) {
        let before = self
        let oldPlaces = after.map { before.place(of: $0.id) }
        var newPlaces = [Int32](repeating: -1, count: before.count)
        for (place, old) in oldPlaces.enumerated() { if let old { newPlaces[old] = Int32(place) } }
        members = after
        keys = zip(after, oldPlaces).map { member, old in
            old.map { before.keys[$0] } ?? Self.key(of: member.id, seed: seed)
        }
        zones = Self.zoneNumbers(of: after)
        let joined = oldPlaces.indices.filter { oldPlaces[$0] == nil }
        let zoneSizes = before.zoneSizes
        choices = []
        choices.reserveCapacity(stride * count)
        weakest = []
        for (place, old) in oldPlaces.enumerated() {
            let moved = old.map { before.choices[$0 * stride..<($0 + 1) * stride].map { newPlaces[Int($0)] } }
            if let old, let moved, !moved.contains(-1),
                !joined.contains(where: {
                    mayBeChosen($0, by: place, weakest: before.weakest[old], zoneSizes, before.count)
                })
            {
                choices += moved
                weakest.append(before.weakest[old])
            } else {
                let chosen = choices(of: place)
                choices += chosen.places
                weakest.append(chosen.weakest)
            }
        }
        linkAll()
    }

    /// Whether one that came may be among the choices of one that stayed: by its rank, or because its side of the zone's
    /// border was too short of nodes to fill the places that are kept for it.
    private func mayBeChosen(
        _ joined: Int,
        by place: Int,
        weakest: UInt64,
        _ zoneSizes: [String: Int],
        _ countBefore: Int
    ) -> Bool {
        let inside = zoneSizes[members[place].zone, default: 0]
        let side = zones[joined] == zones[place] ? inside - 1 : countBefore - inside
        return side < Self.choiceCount || Self.rank(of: keys[joined], for: keys[place]) > weakest
    }

    private var zoneSizes: [String: Int] {
        members.reduce(into: [:]) { sizes, member in sizes[member.zone, default: 0] += 1 }
    }
}
