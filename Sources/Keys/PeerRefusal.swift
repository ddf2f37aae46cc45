package import Identity
package import Kernel

/// Why a peer's certificate is not accepted.
package enum PeerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case noCertificate
    case chainTooLong(Int)
    case malformed(String)
    case wrongKeyType
    case noSPIFFEID
    case wrongTrustDomain(expected: TrustDomain, got: TrustDomain)
    case notYetValid(notBefore: WallTime)
    case expired(notAfter: WallTime)
    case issuerExpired(notAfter: WallTime)
    case unknownIssuer
    case untrustedChain(String)
    /// The certificate is not for this side of a TLS connection.
    case wrongPurpose(TLSPurpose)
    case notANode(SPIFFEID)
    case nameMismatch(expected: String, got: String)
    case unknownMember(name: String)
    /// The key is not the one that the log pins for this member.
    case keyNotPinned(name: String, got: KeyFingerprint)

    /// A short stable name, for counters and log fields.
    package var code: String {
        switch self {
        case .noCertificate: "no_certificate"
        case .chainTooLong: "chain_too_long"
        case .malformed: "malformed"
        case .wrongKeyType: "wrong_key_type"
        case .noSPIFFEID: "no_spiffe_id"
        case .wrongTrustDomain: "wrong_trust_domain"
        case .notYetValid: "not_yet_valid"
        case .expired: "expired"
        case .issuerExpired: "issuer_expired"
        case .unknownIssuer: "unknown_issuer"
        case .untrustedChain: "untrusted_chain"
        case .wrongPurpose: "wrong_purpose"
        case .notANode: "not_a_node"
        case .nameMismatch: "name_mismatch"
        case .unknownMember: "unknown_member"
        case .keyNotPinned: "key_not_pinned"
        }
    }

    package var description: String {
        switch self {
        case .noCertificate: "no certificate was presented"
        case .chainTooLong(let count): "\(count) certificates were presented, too many"
        case .malformed(let reason): "malformed certificate: \(reason)"
        case .wrongKeyType: "the key is not of type P-256"
        case .noSPIFFEID: "there is not exactly one SPIFFE ID in the certificate"
        case .wrongTrustDomain(let expected, let got): "trust domain is \(got), expected \(expected)"
        case .notYetValid(let start): "valid only from \(start.calendarText); check the clocks"
        case .expired(let end): "expired at \(end.calendarText); issue a new one"
        case .issuerExpired(let end): "the issuer's certificate expired at \(end.calendarText)"
        case .unknownIssuer: "issued by none of the trusted roots"
        case .untrustedChain(let reason): "chain is not trusted: \(reason)"
        case .wrongPurpose(let purpose): "not for a TLS \(purpose == .server ? "server" : "client")"
        case .notANode(let id): "\(id) is not a node"
        case .nameMismatch(let expected, let got): "the certificate names \(got), expected \(expected)"
        case .unknownMember(let name): "\(name) is not a member of the cluster"
        case .keyNotPinned(let name, let got): "key \(got) is not the one that the log pins for \(name)"
        }
    }
}

extension WallTime {
    /// RFC 3339 in UTC, to the second. Civil from days: H. Hinnant, "chrono-compatible low-level date algorithms".
    package var calendarText: String {
        let seconds = milliseconds / 1000
        let shifted = seconds / 86400 + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        let years = String(year)
        return "\(String(repeating: "0", count: max(0, 4 - years.count)))\(years)-\(two(month))-\(two(day))T\(clock)Z"
    }
}
