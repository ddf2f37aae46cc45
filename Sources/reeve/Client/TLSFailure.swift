import NIOSSL

/// Why two did not come to trust each other, in words: BoringSSL has codes for it, which its errors hold as text.
struct TLSFailure: CustomStringConvertible {
    private enum Cause: String, CaseIterable {
        /// What this side made of the other's certificate.
        case notTrusted = "CERTIFICATE_VERIFY_FAILED"
        // What the other side made of this one's (RFC 8446 section 6.2).
        case unknownAuthority = "ALERT_UNKNOWN_CA"
        case expired = "ALERT_CERTIFICATE_EXPIRED"
        case notTaken = "ALERT_CERTIFICATE_UNKNOWN"
        case bad = "ALERT_BAD_CERTIFICATE"
        case missing = "ALERT_CERTIFICATE_REQUIRED"
        case notTLS = "WRONG_VERSION_NUMBER"
    }

    private let text: String
    private let cause: Cause?

    /// Nil for what is of something else.
    init?(_ error: any Error) {
        guard error is NIOSSLError || error is BoringSSLError else { return nil }
        self.init("\(error)")
    }

    init(_ text: String) {
        self.text = text
        cause = Cause.allCases.first { text.contains($0.rawValue) }
    }

    var isOfCertificates: Bool { cause != nil && cause != .notTLS }

    var description: String {
        switch cause {
        case .notTrusted:
            "its certificate is not signed by the roots of this context, or has expired; check that the context is of this "
                + "cluster, and this machine's clock"
        case .unknownAuthority: "it does not know who signed your certificate: that is of another trust domain"
        case .expired: "your certificate has expired; have another one signed"
        case .notTaken, .bad:
            "it does not take your certificate; is this the admin port, and not the one for nodes?"
        case .missing: "it wants a certificate, and was shown none"
        case .notTLS: "it does not speak TLS; check the port"
        case nil: "TLS failed: \(text)"
        }
    }
}
