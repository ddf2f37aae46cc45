/// Which policies of a text are others than those of an earlier text.
package struct PolicyChange: Hashable, Sendable {
    /// The numbers of those that are gone.
    package let old: Range<Int>
    /// The numbers of those that came in their place. Both ranges begin with the same number.
    package let new: Range<Int>

    /// Whether those behind have other numbers than before.
    package var isShift: Bool { old.count != new.count }
}
