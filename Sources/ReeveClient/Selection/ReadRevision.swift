/// The revision that decisions have to reflect, so that a program sees what it wrote itself, whichever node it asks.
package struct ReadRevision: Hashable, Sendable {
    /// Decisions from an older state are not taken. Never goes back.
    package private(set) var floor: UInt64 = 0
    /// Whether answers raise the floor too, so that no decision rests on an older state than one before it.
    ///
    /// Off unless asked for: a node that lies about its revision could then make a client refuse all the others.
    package let isMonotonic: Bool

    package init(isMonotonic: Bool = false) { self.isMonotonic = isMonotonic }

    /// A write was acknowledged at this revision.
    package mutating func wrote(_ revision: UInt64) { floor = max(floor, revision) }

    /// A decision was taken from a state of this revision.
    package mutating func read(_ revision: UInt64) { if isMonotonic { floor = max(floor, revision) } }

    /// For one call, which may ask for more by itself.
    package func floor(atLeast revision: UInt64?) -> UInt64 { max(floor, revision ?? 0) }
}
