package import Directory
package import Identity
package import Kernel

/// A function for each command, named as an administrator would.
extension DirectoryWriter {
    /// Creates or replaces a principal, role, assignment or resource.
    package func put(
        _ object: DirectoryObject,
        _ precondition: Precondition = .none,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.put(object, precondition), call)
    }

    package func delete(
        _ key: ObjectKey,
        _ precondition: Precondition = .mustExist,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.delete(key, precondition), call)
    }

    /// The receipt's `created` holds the version's number.
    package func draftPolicies(_ draft: PolicyDraft, _ call: WriteCall) async throws(ServiceError) -> WriteReceipt {
        try await submit(.draftPolicies(draft), call)
    }

    package func activatePolicies(
        set: String,
        version: UInt64,
        _ precondition: Precondition = .none,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.activatePolicies(set: set, version: version, precondition), call)
    }

    package func deletePolicySet(
        _ name: String,
        _ precondition: Precondition = .mustExist,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.deletePolicySet(name, precondition), call)
    }

    /// For ever. The receipt's `created` holds the statement's digest.
    package func revoke(
        _ subject: RevocationSubject,
        reason: String,
        cascades: Bool = false,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.revoke(subject, reason: reason, cascades: cascades), call)
    }

    package func quarantine(
        _ principal: PrincipalID,
        _ level: QuarantineLevel,
        reason: String,
        cascades: Bool = false,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.quarantine(principal, level, reason: reason, cascades: cascades), call)
    }

    package func liftQuarantine(
        statements: [Digest],
        reason: String,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.liftQuarantine(statements: statements, reason: reason), call)
    }

    package func issueWarrant(_ spec: WarrantSpec, _ call: WriteCall) async throws(ServiceError) -> WriteReceipt {
        try await submit(.issueWarrant(spec), call)
    }

    /// For ever. What was recorded under it stands.
    package func withdrawWarrant(_ name: String, _ call: WriteCall) async throws(ServiceError) -> WriteReceipt {
        try await submit(.withdrawWarrant(name: name), call)
    }

    package func putSettings(
        _ settings: Settings,
        _ precondition: Precondition = .none,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.putSettings(settings, precondition), call)
    }

    package func raiseFeatureLevel(
        to level: FeatureLevel,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.raiseFeatureLevel(level), call)
    }

    package func addAdministrator(
        fingerprint: Digest,
        name: String,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.addAdministrator(fingerprint: fingerprint, name: name), call)
    }

    package func removeAdministrator(
        fingerprint: Digest,
        _ call: WriteCall
    ) async throws(ServiceError) -> WriteReceipt {
        try await submit(.removeAdministrator(fingerprint: fingerprint), call)
    }
}
