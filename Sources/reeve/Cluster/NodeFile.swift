import Kernel

/// The configuration file that `cluster init` writes for a node: what it must know, and what else could be said.
struct NodeFile {
    let node: NodeArgument
    let member: MemberID
    let isPlain: Bool

    var text: String {
        """
        # Configuration of node \(node.name). Paths are relative to this file; docs/reference/configuration.md has all fields.
        node:
          name: \(node.name)
          member: \(member.uuid)
          incarnation: \(member.incarnation)
        genesis: genesis.json
        data: data
        listen:
          raft: "\(node.raft)"
          admin: "\(node.admin)"
          decisions: "\(node.decisions)"
        tls:
          certificate: node.crt
          key: node.key
          roots: roots.crt
          \(isPlain ? "allow_plain_key: true # development only" : "passphrase_file: passphrase")
        log:
          level: info
          format: text
        decision_log:
          directory: decisions

        """
    }
}
