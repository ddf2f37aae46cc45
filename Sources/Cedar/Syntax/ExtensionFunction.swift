/// The functions and methods that come with the extension types, by their names in the text.
package enum ExtensionFunction: String, Hashable, Sendable, CaseIterable {
    case ip, decimal, datetime, duration
    case isIpv4, isIpv6, isLoopback, isMulticast, isInRange
    case lessThan, lessThanOrEqual, greaterThan, greaterThanOrEqual
    case offset, durationSince, toDate, toTime
    case toMilliseconds, toSeconds, toMinutes, toHours, toDays
    /// `unknown("name")`: what the reference implementation leaves in a policy that it evaluated in part. A decision that
    /// needs its value fails.
    case unknown

    /// Whether it makes a value from a string. These are called as functions, all others as methods.
    package var isConstructor: Bool {
        switch self {
        case .ip, .decimal, .datetime, .duration, .unknown: true
        case .isIpv4, .isIpv6, .isLoopback, .isMulticast, .isInRange, .lessThan, .lessThanOrEqual, .greaterThan,
            .greaterThanOrEqual, .offset, .durationSince, .toDate, .toTime, .toMilliseconds, .toSeconds, .toMinutes,
            .toHours, .toDays:
            false
        }
    }

    /// How many arguments it takes, a method's receiver included.
    package var argumentCount: Int {
        switch self {
        case .ip, .decimal, .datetime, .duration, .isIpv4, .isIpv6, .isLoopback, .isMulticast, .toDate, .toTime,
            .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays, .unknown:
            1
        case .isInRange, .lessThan, .lessThanOrEqual, .greaterThan, .greaterThanOrEqual, .offset, .durationSince: 2
        }
    }
}
