import Kernel

/// The configuration file that is written for a node: what it must know, and what else could be said.
struct NodeFile {
    let name: String
    let member: MemberID
    let raft: HostPort
    let admin: HostPort
    let decisions: HostPort
    let isPlain: Bool
    /// Whether the node can issue certificates.
    let hasIssuer: Bool
    /// Whether it came to a cluster that was there already.
    let joins: Bool
    var isEdge = false

    var text: String {
        """
        # Configuration of node \(name). Paths are relative to this file; docs/reference/configuration.md has all fields.
        node:
          name: \(name)
          member: \(member.uuid)
          incarnation: \(member.incarnation)
        \(isEdge ? "  role: edge\n" : "")genesis: genesis.json
        \(joins ? "introduction: introduction.json\n" : "")data: data
        listen:
          raft: "\(raft)"
          admin: "\(admin)"
          decisions: "\(decisions)"
        tls:
          certificate: node.crt
          key: node.key
          roots: roots.crt
          \(hasIssuer ? "issuer_certificate: issuer.crt\n  issuer_key: issuer.key\n  " : "")\(secret)
        log:
          level: info
          format: text
        decision_log:
          directory: decisions

        """
    }

    private var secret: String { isPlain ? "allow_plain_key: true # development only" : "passphrase_file: passphrase" }
}
