import ArgumentParser
import Directory
import HTTPAPI
import Host
import Kernel
import Keys

struct NodeRenew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Get this node another certificate for the key that it has.",
        discussion: """
            A node that runs renews its certificate by itself at half of its life; this is for one that could not. It uses the \
            node's own issuing key, or else asks the voters, which works until the certificate ends. The new one is written in \
            place of the old; a node that runs takes it into use within ten seconds.

            Where neither is possible any more an administrator helps, with the second of:
              reeve node renew --config node.yaml --request n4.csr
              reeve cluster certify n4 --request n4.csr --out n4.crt
              reeve node renew --config node.yaml --certificate n4.crt
            """
    )

    @OptionGroup var node: NodeKeyOptions
    @Option(help: ArgumentHelp("Only write a certificate request into a new file.", valueName: "file"))
    var request: String?
    @Option(help: ArgumentHelp("Check this certificate and use it.", valueName: "file"))
    var certificate: String?

    func validate() throws {
        guard request == nil || certificate == nil else {
            throw ValidationError("Give --request or --certificate, not both.")
        }
    }

    func run() async throws {
        let configuration = try node.load()
        let genesis = try GenesisFile.load(configuration.genesisFile)
        let introduction = try configuration.introductionFile.map { try IntroductionFile.load($0) }
        let member = try NodeProcess.member(configuration, of: genesis.genesis, introduction)
        let present = try NodeCredentials.load(
            configuration.tls.files,
            allowPlainKey: configuration.tls.allowPlainKey,
            passphrase: configuration.tls.passphrase
        ).credentials
        let own = NodeCertificate(
            path: configuration.tls.files.certificate,
            member: member,
            key: present.key,
            roots: present.roots,
            enrolment: try NodeEnrolment(configuration, genesis, present)
        )
        if let request { return try write(own.request(), to: request) }
        let voters = (introduction?.members ?? genesis.genesis.voters).filter { $0.id != member.id }
        let (text, place) = try await obtain(own, present, voters)
        let credentials = try await own.check(text, from: place, at: NodeClock().now().wall)
        try own.store(text)
        let end = credentials.validity.notAfter.calendarText
        Console.print("\(own.path) counts until \(end). A node that runs takes it into use within ten seconds.\n")
    }

    private func write(_ request: CertificateRequest, to path: String) throws {
        try KeyFiles.create(path, mode: 0o644, bytes: Array((request.pem + "\n").utf8))
        Console.print("Give \(path) to an administrator, for `reeve cluster certify`.\n")
    }

    /// The certificate and where it is from.
    private func obtain(
        _ own: NodeCertificate,
        _ present: NodeCredentials,
        _ voters: [MemberSpec]
    ) async throws -> (text: String, place: String) {
        if let certificate {
            return (String(decoding: try KeyFiles.read(certificate, limit: 1 << 20), as: UTF8.self), certificate)
        }
        let now = NodeClock().now().wall
        if let text = try own.issue(at: now) { return (text, "the node's own issuing key") }
        let advice = "let an administrator help, as `reeve node renew --help` says"
        guard !present.validity.hasEnded(by: now) else {
            throw CommandError(
                "the certificate expired at \(present.validity.notAfter.calendarText), so no voter lets this node in",
                at: own.path,
                advice: advice
            )
        }
        var failures: [String] = []
        for voter in voters {
            do {
                let address = voter.apiAddresses.first ?? ""
                return (try await own.ask(voter.name, at: address, showing: present), "answer of \(voter.name)")
            } catch { failures.append("\(error)") }
        }
        throw CommandError("no voter gives one:\n  " + failures.joined(separator: "\n  "), advice: advice)
    }
}
