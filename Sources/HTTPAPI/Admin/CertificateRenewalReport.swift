package import Kernel

/// How the renewal of a node's own certificate stands.
package struct CertificateRenewalReport: Hashable, Sendable {
    /// When it is tried next.
    package var nextAttempt: WallTime
    /// Why the last attempt failed, or the next is bound to; nil once one has succeeded.
    package var lastFailure: String?
    package var renewals: UInt64 = 0
    package var failures: UInt64 = 0

    package init(nextAttempt: WallTime) { self.nextAttempt = nextAttempt }
}
