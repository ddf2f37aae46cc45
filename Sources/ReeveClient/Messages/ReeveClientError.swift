/// Why there is no decision. Whoever gets one refuses.
public struct ReeveClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// More may come: compare, do not switch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A file, address or number that the client was given is of no use.
        public static let configuration = Code(description: "configuration")
        /// The question is malformed or too large; asking again does not help.
        public static let invalidQuestion = Code(description: "invalid_question")
        /// The nodes do not take this certificate or token, or not any more.
        public static let unauthenticated = Code(description: "unauthenticated")
        /// No node that was asked serves.
        public static let unavailable = Code(description: "unavailable")
        /// No node answered before the deadline.
        public static let timedOut = Code(description: "timed_out")
        /// No node had caught up with the revision that was asked for before the deadline.
        public static let behind = Code(description: "behind")
        /// As many calls as may be are on their way. None waits: put less load on, or allow more.
        public static let tooManyCalls = Code(description: "too_many_calls")
        /// The task that asked was cancelled.
        public static let cancelled = Code(description: "cancelled")
        /// `shutdown()` was called.
        public static let shutDown = Code(description: "shut_down")
    }

    public let code: Code
    /// For people.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same question may be answered later, without anything being mended.
    public var isRetryable: Bool {
        [.unavailable, .timedOut, .behind, .tooManyCalls].contains(code)
    }

    public var description: String { "\(message) [\(code)]" }
}
