import ClusterSupport
import Foundation

/// An agent that may read, a token by which it asks for itself, and a warrant under which statements have been made.
struct Preparation {
    let cluster: TestCluster

    static let question =
        #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"resource":{"type":"database","id":"d"}}"#

    /// Gives the token.
    func prepare() async throws -> String {
        for agent in ["bot", "first", "second"] { _ = try await write("PUT", "/v1/principals/agent/\(agent)", "{}") }
        let policy = #"permit(principal, action == Action::\"read\", resource);"#
        _ = try await write("POST", "/v1/policy-sets/main/versions", #"{"text": "\#(policy)"}"#)
        _ = try await write("POST", "/v1/policy-sets/main/activate", #"{"version": 1}"#)
        try cluster.issueWarrant(budget: 10_000)
        let end = Date.now.addingTimeInterval(3600).formatted(.iso8601)
        let token = try await write("POST", "/v1/tokens", #"{"principal":"agent/bot","expires_at":"\#(end)"}"#)
        guard let secret = token.value("token") else { throw TestCluster.Failure("no token: \(token.body)") }
        return secret
    }

    /// In the place of an edge that has joined and was never started. Statements are made for it to hear.
    func startAttacker(_ name: String, against victim: String, core: Int) async throws -> AttackerProcess {
        let members = try await cluster.admin("GET", "/v1/members", at: "n1")
        let file = cluster.folder.appending(path: "members.json")
        try Data(members.body.utf8).write(to: file)
        guard let lineage = try await cluster.status(of: "n1").value("lineage") else {
            throw TestCluster.Failure("n1 names no lineage")
        }
        let attacker = try AttackerProcess(
            arguments: [
                "--folder", cluster.nodeFolder(name).path(), "--members", file.path(), "--name", name, "--target",
                victim, "--lineage", lineage,
            ],
            core: core
        )
        do {
            try await attacker.connected()
            for agent in ["first", "second"] {
                try command("quarantine", "agent/\(agent)", "--reason", "to be heard", "--warrant", cluster.warrantFile)
            }
            try await attacker.ready()
        } catch {
            attacker.end()
            throw error
        }
        return attacker
    }

    private func write(_ method: String, _ path: String, _ body: String) async throws -> TestCluster.Answer {
        let answer = try await cluster.admin(method, path, body: body, at: "n1")
        guard (200..<300).contains(answer.status) else {
            throw TestCluster.Failure("\(method) \(path): \(answer.body)")
        }
        return answer
    }

    private func command(_ arguments: String...) throws {
        let ended = try cluster.command(arguments)
        guard ended.status == 0 else { throw TestCluster.Failure("\(arguments.prefix(2)): \(ended.output)") }
    }
}

/// An edge whose clock is eight days ahead, so that its checkpoint is older than the seven days that one counts for.
struct LateEdge {
    let cluster: TestCluster
    let name: String

    struct Outcome: Sendable {
        /// That it does not follow seals, and why.
        let saysWhy: Bool
        let isReady: Bool
        let permits: Bool
    }

    func run() async throws -> Outcome {
        try cluster.admit(name, edge: true)
        try cluster.start(name)
        try await cluster.until("\(name) says what is wrong", within: 20) {
            try cluster.log(of: name).contains { $0.contains("this edge follows no seals") }
        }
        // Long enough for it to hear of seals, and to take them if it did.
        try await Task.sleep(for: .seconds(3))
        let ready = try await cluster.admin("GET", "/readyz", at: name)
        let decision = try await cluster.decisions(
            "POST",
            "/access/v1/evaluation",
            body: Preparation.question,
            at: name
        )
        let log = try cluster.log(of: name)
        cluster.kill(name)
        return Outcome(
            saysWhy: log.contains { $0.contains("this edge follows no seals") && $0.contains("join again") },
            isReady: ready.status == 200,
            permits: decision.body.contains(#""decision":true"#)
        )
    }
}
