import Directory
import HTTPAPI
import JSON
import Kernel
import NIOHTTP1
import Service
import Synchronization
import TestSupport
import Testing

/// The admin API of a node without a cluster.
struct AdminWorld {
    let node: MemoryNode
    let api: AdminAPI
    let log = MemoryLog()
    /// Of `agent/bot`, which may administer nothing.
    let botToken: String
    let gatewayToken: String

    init() {
        let sample = MemoryNode.sample()
        node = sample.node
        botToken = sample.botToken
        gatewayToken = sample.gatewayToken
        // The sample's administrator shows a certificate; a token stands for one here, so that no key need be made.
        node.succeed(.put(.principal(PrincipalSpec(id: MemoryNode.id("user/root"))), .none))
        node.activate(
            "reeve.admin",
            MemoryNode.administration + "\npermit (principal == User::\"root\", action, resource);"
        )
        rootToken = node.issue("root-token", MemoryNode.id("user/root"))
        let entries = log
        api = AdminAPI(
            client: node,
            codec: node.codec,
            options: AdminAPI.Options(log: log) { filter async throws(ServiceError) in entries.search(filter) }
        )
    }

    let rootToken: String

    func send(
        _ method: String,
        _ target: String,
        _ body: JSONValue? = nil,
        headers: [(String, String)] = [],
        token: String? = nil
    ) async -> Answer {
        await send(method, target, bytes: body?.serialized() ?? [], headers: headers, token: token ?? rootToken)
    }

    func send(
        _ method: String,
        _ target: String,
        bytes: [UInt8],
        headers: [(String, String)] = [],
        token: String
    ) async -> Answer {
        var fields = HTTPHeaders(headers)
        if !token.isEmpty { fields.add(name: "Authorization", value: "Bearer \(token)") }
        if !fields.contains(name: "Content-Type") { fields.add(name: "Content-Type", value: "application/json") }
        return Answer(await api.respond(to: AdminRequest(method: method, target: target, headers: fields, body: bytes)))
    }
}

/// An answer with its body parsed.
struct Answer {
    let response: AdminResponse
    let body: JSONValue

    init(_ response: AdminResponse) {
        self.response = response
        body = (try? JSONValue.parse(response.body)) ?? .null
    }

    var status: Int { response.status }
    var code: String? { body["code"]?.stringValue }
    var detail: String { body["detail"]?.stringValue ?? "" }
    var revision: Int64? { body["revision"]?.integerValue }
    func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
}

/// A decision log in memory.
final class MemoryLog: DecisionLogSink {
    private let state = Mutex<State>(State())

    private struct State {
        var lines: [[UInt8]] = []
        var isFull = false
    }

    func append(_ lines: [UInt8]) -> Bool {
        state.withLock { state in
            if !state.isFull { state.lines += lines.split(separator: UInt8(ascii: "\n")).map(Array.init) }
            return !state.isFull
        }
    }

    func fill() { state.withLock { $0.isFull = true } }

    var entries: [DecisionLogEntry] {
        state.withLock { $0.lines.compactMap { DecisionLogEntry(parsing: $0) } }
    }

    func search(_ filter: DecisionLogFilter) -> [DecisionLogEntry] {
        entries.filter(filter.matches).suffix(filter.limit)
    }
}
