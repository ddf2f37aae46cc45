internal import FoundationEssentials
package import Kernel

/// From when to when a certificate counts, both inclusive, in whole seconds (RFC 5280 section 4.1.2.5).
package struct CertificateValidity: Hashable, Sendable {
    package let notBefore: WallTime
    package let notAfter: WallTime

    /// Rounded down to whole seconds. Whether it makes sense is checked where a certificate is issued.
    package init(notBefore: WallTime, notAfter: WallTime) {
        self.notBefore = WallTime(milliseconds: notBefore.milliseconds / 1000 * 1000)
        self.notAfter = WallTime(milliseconds: notAfter.milliseconds / 1000 * 1000)
    }

    package init(from start: WallTime, lasting span: Span) {
        self.init(notBefore: start, notAfter: start.advanced(by: span))
    }

    /// The part that lies within an issuer's: past that, nobody would accept the certificate.
    package func within(_ issuer: CertificateValidity) -> CertificateValidity {
        CertificateValidity(
            notBefore: max(notBefore, issuer.notBefore),
            notAfter: min(notAfter, issuer.notAfter)
        )
    }

    package func contains(_ time: WallTime) -> Bool { notBefore <= time && !hasEnded(by: time) }

    /// The last second counts to its end.
    package func hasEnded(by time: WallTime) -> Bool { notAfter.advanced(by: .seconds(1)) <= time }

    /// When half of it is over, and the certificate should be renewed.
    package var halfway: WallTime {
        notBefore.advanced(by: Span(microseconds: notAfter.elapsed(since: notBefore).microseconds / 2))
    }

    /// Zero once it has expired.
    package func remaining(at now: WallTime) -> Span { notAfter.elapsed(since: now) }

    /// End of what the format can say: 9999-12-31T23:59:59Z.
    static let formatEnd = WallTime(milliseconds: 253_402_300_799_000)
}

extension WallTime {
    /// Times before the epoch count as the epoch.
    init(_ date: Date) { self.init(milliseconds: UInt64(clamping: Int64(max(0, date.timeIntervalSince1970)) * 1000)) }

    var date: Date { Date(timeIntervalSince1970: Double(min(milliseconds, Self.latest)) / 1000) }

    private static var latest: UInt64 { CertificateValidity.formatEnd.milliseconds }
}
