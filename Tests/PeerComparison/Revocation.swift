import Foundation
import NIOCore
import NIOHTTP1

/// A revocation that is brought to an edge, and every node's decisions about the agent meanwhile.
final class Revocation: Sendable {
    struct Times: Sendable {
        /// Milliseconds until the edge has answered that the statement counts: then it is on its disk.
        let atEdge: Double
        /// Until the last node has answered a question with a denial.
        let everywhere: Double
    }

    private let agent: String
    private let question: HTTPConnection.Request
    private let deciders: [NIOLoopBoundConnection]
    /// From one question to a node until the next, unless its answer takes longer.
    private let interval: TimeAmount
    private let loop: any EventLoop
    private let arrivals: Arrivals

    /// - Parameter deciders: A connection to the decision port of each node, all on this loop.
    init(of agent: String, deciders: [NIOLoopBoundConnection], every interval: TimeAmount, on loop: any EventLoop) {
        self.agent = agent
        self.deciders = deciders
        self.interval = interval
        self.loop = loop
        question = HTTPConnection.Request(
            method: .POST,
            path: "/access/v1/evaluation",
            body: #"{"subject":{"type":"agent","id":"\#(agent)"},"action":{"name":"read"},"#
                + #""resource":{"type":"database","id":"d"}}"#
        )
        arrivals = Arrivals(at: deciders.indices, on: loop, of: "the revocation of \(agent)")
    }

    /// - Parameter edge: A connection to the admin port of the edge that is told, on the same loop.
    func measure(bringing statement: String, to edge: NIOLoopBoundConnection) async throws -> Times {
        let (start, answered) = try await loop.submit { self.begin(statement, edge) }.get()
        let last = try await arrivals.last()
        let atEdge = try await answered.get()
        func milliseconds(_ end: NIODeadline) -> Double { Double((end - start).nanoseconds) / 1e6 }
        return Times(atEdge: milliseconds(atEdge), everywhere: milliseconds(last))
    }

    /// Asks every node, which has to permit it.
    func checkPermitted() async throws {
        for decider in deciders {
            let answer = try await loop.flatSubmit { decider.send(self.question) }.get()
            let reason = try Self.reason(answer)
            guard reason == "allowed" else { throw PeerError("\(agent) is refused before it is revoked: \(reason)") }
        }
    }

    private func begin(
        _ statement: String,
        _ edge: NIOLoopBoundConnection
    ) -> (start: NIODeadline, answered: EventLoopFuture<NIODeadline>) {
        let start = NIODeadline.now()
        let answered = edge.send(.init(method: .POST, path: "/v1/statements", body: statement))
            .flatMapThrowing { answer in
                guard answer.isSuccess else {
                    throw PeerError("the edge refuses the statement: \(String(buffer: answer.body))")
                }
                return NIODeadline.now()
            }
        answered.whenFailure { self.arrivals.failed($0) }
        for node in deciders.indices {
            // One after the other, so that they do not all wait for each other each time.
            let delay = TimeAmount.nanoseconds(interval.nanoseconds * Int64(node) / Int64(deciders.count))
            loop.scheduleTask(in: delay) { self.ask(node) }
        }
        return (start, answered)
    }

    private func ask(_ node: Int) {
        guard arrivals.isMissing(at: node) else { return }
        let asked = NIODeadline.now()
        deciders[node].send(question).flatMapThrowing { try Self.reason($0) }.whenComplete { result in
            let now = NIODeadline.now()
            switch result {
            case .success("principal_revoked"): self.arrivals.arrived(at: node, now)
            case .success("allowed"): self.loop.scheduleTask(deadline: asked + self.interval) { self.ask(node) }
            case .success(let reason):
                self.arrivals.failed(PeerError("\(self.agent) is refused for another reason: \(reason)"))
            case .failure(let error): self.arrivals.failed(error)
            }
        }
    }

    private struct Decision: Decodable {
        struct Context: Decodable { let reason: String }
        let decision: Bool
        let context: Context
    }

    private static func reason(_ answer: HTTPConnection.Answer) throws -> String {
        let text = Data(answer.body.readableBytesView)
        guard answer.isSuccess, let decision = try? JSONDecoder().decode(Decision.self, from: text),
            decision.decision == (decision.context.reason == "allowed")
        else {
            throw PeerError("HTTP status \(answer.status.code) instead of a decision: \(String(buffer: answer.body))")
        }
        return decision.context.reason
    }
}
