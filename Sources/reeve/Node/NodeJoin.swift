import ArgumentParser
import Directory
import Foundation
import HTTPAPI
import Host
import JSON
import Kernel
import Keys
import Links
import Sealing

struct NodeJoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Make this machine a node of a cluster that invited it.",
        discussion: """
            Makes a key, which never leaves this machine, asks a voter for a certificate, and writes the node's folder. When \
            it is interrupted, the same command goes on where it was. An edge fetches the state, too.
            """
    )

    @Option(help: ArgumentHelp("What `reeve cluster add` made.", valueName: "file"))
    var file: String
    @Option(help: ArgumentHelp("Folder to make for the node.", valueName: "folder"))
    var dir: String

    func run() async throws {
        let invitation = try JoinFile.load(file)
        let folder = NodeFolder(url: URL(filePath: dir), isPlain: invitation.allowPlainKey)
        guard !FileManager.default.fileExists(atPath: folder.configuration) else {
            throw CommandError(
                "holds a node already",
                at: dir,
                advice: "run `reeve node run --config \(dir)/node.yaml`"
            )
        }
        let key = try Self.key(folder)
        let instance = try DataInstance.load(folder.data, mayBegin: true)
        let answer = try await Self.ask(invitation, key: key, instance: instance)
        try Self.write(answer, to: folder)
        let revision = try await Self.begin(answer, invitation, in: folder)
        try Self.configure(answer, folder)
        Console.print("\(invitation.name) has joined. Start it: reeve node run --config \(dir)/node.yaml\n")
        if let revision {
            Console.print(
                """
                It is an edge, and begins from revision \(revision.number). It answers once it has heard of a seal from its \
                neighbours.

                """
            )
        } else {
            Console.print(
                """
                It receives the log without a vote until you run `reeve cluster promote \(invitation.name) --wait`.

                """
            )
        }
        Console.print("\(file) has been used and can be deleted.\n")
    }

    /// What an edge begins from, the newest first that the voter has who took it in; nil for a member, which gets the log.
    private static func begin(
        _ answer: Answer,
        _ invitation: JoinFile,
        in folder: NodeFolder
    ) async throws -> LogIndex? {
        guard let checkpoint = answer.checkpoint else { return nil }
        let servers = [answer.voter] + invitation.servers.filter { $0 != answer.voter }
        return try await EdgeStart(
            folder: folder,
            member: answer.introduction.member,
            lineage: try GenesisFile.load(folder.genesis).genesis.lineage,
            checkpoint: checkpoint,
            servers: servers.map { ClusterContext.Node(name: $0, admin: $0, decisions: "") }
        ).lay()
    }

    /// The key of an attempt that was interrupted is used again, since the invitation is for one key.
    private static func key(_ folder: NodeFolder) throws -> PrivateKey {
        if FileManager.default.fileExists(atPath: folder.key) { return try folder.loadKey(at: folder.key) }
        try folder.create()
        try NodeFolder.create(URL(filePath: folder.data))
        let key = PrivateKey()
        try folder.createKey(key, at: folder.key)
        return key
    }

    private struct Answer {
        let introduction: IntroductionFile
        let certificate: String
        let roots: String
        let genesis: JSONValue
        /// For an edge; nil for a member.
        let checkpoint: Checkpoint?
        /// Who gave it, as the invitation names it.
        let voter: String
    }

    private static func ask(_ invitation: JoinFile, key: PrivateKey, instance: Digest) async throws -> Answer {
        let request = try CertificateRequest(for: key, name: invitation.name)
        let body: JSONValue = [
            "name": .string(invitation.name), "secret": .string(invitation.secret),
            "certificate_request": .string(request.pem), "instance": .string(instance.hex),
        ]
        let roots = try ParsedCertificate.parse(pem: invitation.roots, place: "roots of the invitation")
        let tls = try TLSContexts.client(roots: roots, credentials: nil)
        let servers = invitation.servers.map { ClusterContext.Node(name: $0, admin: $0, decisions: "") }
        let reply = try await ClusterClient.with(servers, tls) { client in
            try await Progress.run("joining") {
                try await sealed(.init(method: .post, path: "/v1/join", body: body), client)
            }
        }
        return try answer(reply)
    }

    /// The answer to the request; waits where voters have not sealed yet, as in the first moments of a cluster. To ask again is
    /// safe also where one that has not answered has let the node in: the ticket is for its key.
    private static func sealed(
        _ request: ClusterClient.Request,
        _ client: ClusterClient
    ) async throws -> ClusterClient.Reply {
        let deadline = ContinuousClock.now + sealPatience
        while true {
            do { return try await client.send(request) } catch {
                guard isUnsealed(error), ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private static func isUnsealed(_ error: any Error) -> Bool {
        ((error as? NobodyAnswered)?.lastAnswer ?? error as? APIError)?.code == "no_seal"
    }

    private static let sealPatience = Duration.seconds(20)

    private static func answer(_ reply: ClusterClient.Reply) throws -> Answer {
        do {
            var reader = try ObjectReader(reply.body)
            return Answer(
                introduction: try IntroductionFile(reading: &reader),
                certificate: try reader.string("certificate"),
                roots: try reader.string("roots"),
                genesis: try reader.required("genesis"),
                checkpoint: try checkpoint(&reader),
                voter: reply.node
            )
        } catch {
            throw CommandError("the answer is not understood: \(error)", at: reply.node)
        }
    }

    private static func checkpoint(_ reader: inout ObjectReader) throws -> Checkpoint? {
        guard let text = try reader.optionalString("checkpoint") else { return nil }
        guard let bytes = [UInt8](hex: text) else {
            throw FieldError(reader.path.member("checkpoint"), "must be hexadecimal digits")
        }
        return try Checkpoint(bytes: bytes)
    }

    private static func write(_ answer: Answer, to folder: NodeFolder) throws {
        let files = [
            (folder.certificate, answer.certificate), (folder.roots, answer.roots),
            (folder.genesis, answer.genesis.prettyPrinted()), (folder.introduction, answer.introduction.text),
        ]
        for (path, text) in files {
            // Of an attempt that was interrupted; what is written now is newer.
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
            try folder.write(text, to: path)
        }
    }

    /// Comes last: with it the folder is a node's.
    private static func configure(_ answer: Answer, _ folder: NodeFolder) throws {
        let member = answer.introduction.member
        guard let raft = HostPort(parsing: member.raftAddress), member.apiAddresses.count == 2,
            let admin = HostPort(parsing: member.apiAddresses[0]),
            let decisions = HostPort(parsing: member.apiAddresses[1])
        else { throw CommandError("the cluster has no usable addresses for it", at: member.name) }
        let configuration = NodeFile(
            name: member.name,
            member: member.id,
            raft: raft,
            admin: admin,
            decisions: decisions,
            isPlain: folder.isPlain,
            hasIssuer: false,
            joins: true,
            isEdge: answer.checkpoint != nil
        )
        try folder.write(configuration.text, to: folder.configuration)
    }
}
