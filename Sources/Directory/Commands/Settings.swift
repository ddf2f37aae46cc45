package import Kernel

/// What holds for the whole cluster and may be changed by command.
package struct Settings: Hashable, Sendable {
    /// No permit applies on a node whose knowledge is older.
    package let maximumAge: Span
    /// For some actions a bound of their own, in the order of their names: a permit that names none applies up to there.
    package let actionAges: [ActionAge]
    /// How many commands the history keeps at least.
    package let historyLimit: UInt32
    /// How many idempotency keys a caller may have within their retention.
    package let idempotencyLimit: UInt32

    package static let defaultMaximumAge = Span.seconds(300)
    package static let maximumAgeRange = Span.seconds(3)...Span.seconds(86_400)
    package static let actionAgeLimit = 256
    package static let historyLimitRange: ClosedRange<UInt32> = 100...10_000_000
    package static let idempotencyLimitRange: ClosedRange<UInt32> = 16...1_000_000

    package init(
        maximumAge: Span = Self.defaultMaximumAge,
        actionAges: [ActionAge] = [],
        historyLimit: UInt32 = 100_000,
        idempotencyLimit: UInt32 = 100_000
    ) {
        self.maximumAge = maximumAge
        self.actionAges = actionAges.sorted()
        self.historyLimit = historyLimit
        self.idempotencyLimit = idempotencyLimit
    }

    /// The lowest level at which all of them are heeded.
    package var featureLevel: FeatureLevel { actionAges.isEmpty ? .first : .actionAges }

    var isValid: Bool {
        Self.maximumAgeRange.contains(maximumAge) && Self.historyLimitRange.contains(historyLimit)
            && Self.idempotencyLimitRange.contains(idempotencyLimit) && actionAges.count <= Self.actionAgeLimit
            && actionAges.allSatisfy(\.isValid)
            && zip(actionAges, actionAges.dropFirst()).allSatisfy { $0 < $1 }
    }
}

/// How old a node's knowledge may be when it permits an action, unless the permit says so itself with `@max_age`.
package struct ActionAge: Hashable, Comparable, Sendable {
    /// As requests name it.
    package let action: String
    package let maximumAge: Span

    package init(action: String, maximumAge: Span) {
        self.action = action
        self.maximumAge = maximumAge
    }

    fileprivate var isValid: Bool {
        Grammar.isActionName(action) && Settings.maximumAgeRange.contains(maximumAge)
    }

    /// By the bytes of the names, which no version of Unicode moves.
    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.action.utf8.lexicographicallyPrecedes(rhs.action.utf8)
    }
}
