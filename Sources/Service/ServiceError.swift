package import Kernel

/// Why a use case could not be carried out: a stable code, what a person reads, and where known which field.
package struct ServiceError: Error, Hashable, Sendable {
    /// Stable, snake case, such as `no_leader`, `not_found`, `forbidden`, `idempotency_conflict`.
    package let code: String
    package let message: String
    /// What kind of failure it is; each protocol maps it to its own status.
    package let kind: Kind

    package enum Kind: Hashable, Sendable {
        case invalid
        case unauthenticated
        case forbidden
        case notFound
        case conflict
        case preconditionFailed
        case tooLarge
        case overloaded
        case unavailable
        /// The deadline passed; the write may or may not take effect, and a retry with its idempotency key is safe.
        case outcomeUnknown
    }

    package init(_ kind: Kind, code: String, message: String) {
        self.kind = kind
        self.code = code
        self.message = message
    }
}

extension ServiceError {
    /// A node has not reached, in the time that it waits, the revision that was asked for.
    package static func behind(at revision: LogIndex) -> ServiceError {
        ServiceError(
            .unavailable,
            code: "behind",
            message: "This node has reached revision \(revision.number) only. Retry, or ask another node."
        )
    }
}
