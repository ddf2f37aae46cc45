import Kernel
import Keys
import Service

/// That the certificate of whoever runs a command ends soon: unlike a node's, nobody renews it.
struct ExpiryNotice {
    let text: String

    private static let days: UInt64 = 30
    private static let guide = "see \"Make a second administrator\" in docs/guides/operating.md"

    /// Nil where there is time yet.
    ///
    /// - Throws: Where it has ended: no node would take it, and would not say so in so many words.
    init?(_ validity: CertificateValidity, of path: String, at now: WallTime) throws {
        let end = validity.notAfter.rfc3339
        guard !validity.hasEnded(by: now) else {
            throw CommandError(
                "your certificate ended at \(end)",
                at: path,
                advice: "have another one signed; \(Self.guide)"
            )
        }
        let hours = validity.notAfter.elapsed(since: now).milliseconds / 3_600_000
        guard hours < Self.days * 24 else { return nil }
        let left = hours < 48 ? counted(hours, "hour") : counted(hours / 24, "day")
        text = "warning: your certificate (\(path)) ends in \(left); have another one signed; \(Self.guide)"
    }
}
