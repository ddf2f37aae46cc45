import Directory
import Foundation
import HTTPAPI
import Keys

/// Makes the folder of a first voter, with a root key at hand.
struct NodeMaker {
    let issuer: CertificateIssuer
    /// Of the node's own certificate.
    let days: Int
    let isPlain: Bool

    struct Node {
        let argument: NodeArgument
        let member: MemberSpec
        let key: PrivateKey
        /// Of the node's own authority.
        let issuerKey: PrivateKey
    }

    /// - Parameter members: The members as the node's state has them, where the genesis does not say it.
    func make(_ node: Node, genesis: GenesisFile, introducedBy members: [MemberSpec]?, in url: URL) throws {
        let folder = NodeFolder(url: url, isPlain: isPlain)
        try folder.create()
        let name = node.argument.name
        let certificate = try issuer.issueNode(
            name,
            publicKey: node.key.publicKey,
            hosts: node.member.certificateHosts,
            validity: .made(days: days).within(issuer.certificate.validity)
        )
        let authority = try issuer.issueAuthority(
            name,
            publicKey: node.issuerKey.publicKey,
            validity: .made(days: RootAuthority.issuerDays).within(issuer.certificate.validity)
        )
        try folder.createKey(node.key, at: folder.key)
        try folder.createKey(node.issuerKey, at: folder.issuerKey)
        try folder.write(certificate.pem + "\n", to: folder.certificate)
        try folder.write(authority.pem + "\n", to: folder.issuerCertificate)
        try folder.write(issuer.certificate.pem + "\n", to: folder.roots)
        try folder.write(genesis.text, to: folder.genesis)
        if let members {
            try folder.write(IntroductionFile(member: node.member, members: members).text, to: folder.introduction)
        }
        let configuration = NodeFile(
            name: name,
            member: node.member.id,
            raft: node.argument.raft,
            admin: node.argument.admin,
            decisions: node.argument.decisions,
            isPlain: isPlain,
            hasIssuer: true,
            joins: members != nil
        )
        try folder.write(configuration.text, to: folder.configuration)
    }
}
