/// As whom a client asks, from files that are looked at again from time to time.
public struct ReeveIdentity: Hashable, Sendable {
    enum Source: Hashable, Sendable {
        case certificate(chain: String, key: String)
        case token(String)
    }

    let source: Source

    /// A client certificate of the trust domain. Both files are PEM, the own certificate first, the key in clear.
    public static func certificate(chainFile: String, keyFile: String) -> ReeveIdentity {
        ReeveIdentity(source: .certificate(chain: chainFile, key: keyFile))
    }

    /// An API token, alone in a file.
    public static func token(file: String) -> ReeveIdentity { ReeveIdentity(source: .token(file)) }
}

/// Which nodes a client believes.
public struct ReeveTrust: Hashable, Sendable {
    let file: String

    /// The roots of the trust domain, in PEM: `roots.crt` of the cluster.
    public static func roots(file: String) -> ReeveTrust { ReeveTrust(file: file) }
}
