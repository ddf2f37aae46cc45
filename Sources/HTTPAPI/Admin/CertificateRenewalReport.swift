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

    func metrics(at now: WallTime) -> [MetricSample] {
        [
            .gauge(
                "reeve_keys_certificate_next_renewal_seconds",
                "Time until the node tries to renew its certificate.",
                nextAttempt.elapsed(since: now).milliseconds / 1000
            ),
            .counter("reeve_keys_certificate_renewals_total", "Certificates taken into use.", renewals),
            .counter("reeve_keys_certificate_renewal_failures_total", "Attempts to renew that failed.", failures),
        ]
    }
}
