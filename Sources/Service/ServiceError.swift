package import Kernel

/// Why a use case could not be carried out: a stable code, what a person reads, and where known which field.
package struct ServiceError: Error, Hashable, Sendable {
    /// Stable, snake case, such as `no_leader`, `not_found`, `forbidden`, `idempotency_conflict`.
    package let code: String
    package let message: String
    /// What kind of failure it is; each protocol maps it to its own status.
    package let kind: Kind
    /// `host:port` of admin APIs where the same may be asked instead; of a node that cannot do it itself.
    package let voters: [String]?

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
        /// Others are to be asked for it; see `voters`.
        case misdirected
        /// The deadline passed; the write may or may not take effect, and a retry with its idempotency key is safe.
        case outcomeUnknown
    }

    package init(_ kind: Kind, code: String, message: String, voters: [String]? = nil) {
        self.kind = kind
        self.code = code
        self.message = message
        self.voters = voters
    }
}

extension ServiceError {
    /// A node that takes no writes, and cannot say by itself what is newest.
    ///
    /// - Parameter voters: Admin addresses of those that do.
    package static func edge(voters: [String]) -> ServiceError {
        ServiceError(
            .misdirected,
            code: "edge",
            message: "This node is an edge: it decides, and takes neither writes nor linearizable reads. Ask a voter: "
                + voters.joined(separator: ", ") + ".",
            voters: voters
        )
    }

    /// A node has not reached, in the time that it waits, the revision that was asked for.
    package static func behind(at revision: LogIndex) -> ServiceError {
        ServiceError(
            .unavailable,
            code: "behind",
            message: "This node has reached revision \(revision.number) only. Retry, or ask another node."
        )
    }
}
