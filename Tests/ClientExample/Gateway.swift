import ReeveClient

/// Asks whether an agent may pay, as `service/gateway` of the sample that `cluster/up` loads.
@main struct Gateway {
    static func main() async throws {
        let client = try await ReeveClient(
            seeds: [Seed(decisions: "https://127.0.0.1:7403", admin: "https://127.0.0.1:7402")],
            identity: .certificate(chainFile: "gateway.crt", keyFile: "gateway.key"),
            trust: .roots(file: "roots.crt")
        )
        for cents in [120_000, 90_000_000] as [Int64] {
            let question = Question(
                subject: .init("agent", "treasury-planner"),
                action: "transfer",
                resource: .init("tool", "payments"),
                context: ["amount_cents": .integer(cents)]
            )
            do throws(ReeveClientError) {
                let decision = try await client.decide(question, requestID: "call-\(cents)")
                print(decision.permits() ? "let through" : "refuse", "\(cents) cents:", decision.reason, decision.node)
            } catch {
                print("refuse \(cents) cents: \(error)")
            }
        }
        for node in await client.nodes {
            print(node.address, node.isUp ? "up" : "down", node.roundTrip.map { "\($0)" } ?? "not measured yet")
        }
        if let problem = await client.status.discoveryProblem { print(problem) }
        await client.shutdown()
    }
}
