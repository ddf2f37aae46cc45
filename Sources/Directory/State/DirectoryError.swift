internal import Kernel

/// Why the directory did not do what it was asked.
package enum DirectoryError: Error, Hashable, Sendable {
    case refused(CommandResult.Refusal)
    /// A stored row is not what was once written. Nothing that depends on it may go on.
    case damaged(StateDamage)
    /// What would take effect is beyond this program: it must not go on.
    case tooNew(FeatureLevel)
}

/// A stored row that does not decode, or decodes to something that has no place under its key.
package struct StateDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// Hexadecimal.
    package let key: String
    package let reason: String

    package init(key: [UInt8], reason: String) {
        self.key = key.hex
        self.reason = reason
    }

    package var description: String { "row \(key) of the state is damaged: \(reason)" }
}
