import Foundation
import HTTPAPI
import NIOCore
import NIOEmbedded
import Service
import Synchronization
import TestSupport

/// One connection to a data plane, without a socket.
final class Client {
    struct Answer: Equatable {
        let status: Int
        /// Names in small letters.
        let headers: [String: String]
        let body: String

        subscript(_ name: String) -> String? { headers[name] }

        var json: NSDictionary {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? NSDictionary ?? [:]
        }
        var decision: Bool? { json["decision"] as? Bool }
        var context: NSDictionary { json["context"] as? NSDictionary ?? [:] }
        var reason: String? { context["reason"] as? String }
        var code: String? { json["code"] as? String }
        var detail: String { json["detail"] as? String ?? "" }
        var evaluations: [NSDictionary] { json["evaluations"] as? [NSDictionary] ?? [] }
        var decisions: [Bool] { evaluations.compactMap { $0["decision"] as? Bool } }
    }

    let channel: EmbeddedChannel
    private var received = ""

    convenience init<Responder: DataPlaneResponder>(
        _ responder: Responder,
        limits: DataPlaneLimits = DataPlaneLimits(),
        peer: PeerIdentity = .none
    ) throws {
        let channel = EmbeddedChannel()
        try DataPlaneServer.serve(
            [channel],
            on: channel.eventLoop,
            responder: responder,
            limits: limits,
            peer: peer
        )
        try self.init(served: channel)
    }

    private init(served channel: EmbeddedChannel) throws {
        self.channel = channel
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Connections on one event loop.
    static func several(_ count: Int, _ responder: some DataPlaneResponder) throws -> [Client] {
        let loop = EmbeddedEventLoop()
        let channels = (0..<count).map { _ in EmbeddedChannel(loop: loop) }
        try DataPlaneServer.serve(channels, on: loop, responder: responder)
        return try channels.map { try Client(served: $0) }
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    var isOpen: Bool { channel.isActive }

    func send(_ bytes: some Sequence<UInt8>) {
        guard channel.isActive else { return }
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func send(_ text: String) { send(text.utf8) }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    /// Whatever has come since the last call.
    func answers(toHEAD: Bool = false) throws -> [Answer] {
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { received += String(buffer: buffer) }
        var answers: [Answer] = []
        while let end = received.range(of: "\r\n\r\n") {
            let lines = received[..<end.lowerBound].components(separatedBy: "\r\n")
            let status = Int(lines[0].split(separator: " ")[1]) ?? 0
            let headers = Dictionary(
                lines.dropFirst().map { line in
                    let parts = line.split(separator: ":", maxSplits: 1)
                    return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
                },
                uniquingKeysWith: { first, _ in first }
            )
            let length = toHEAD || status == 100 ? 0 : Int(headers["content-length"] ?? "") ?? 0
            let rest = received[end.upperBound...].utf8
            guard rest.count >= length else { break }
            answers.append(Answer(status: status, headers: headers, body: String(rest.prefix(length)) ?? ""))
            received = String(rest.dropFirst(length)) ?? ""
        }
        return answers
    }

    func answer() throws -> Answer {
        let all = try answers()
        guard all.count == 1 else { throw Unexpected(count: all.count) }
        return all[0]
    }

    struct Unexpected: Error { let count: Int }

    static func request(
        _ body: String,
        path: String = "/access/v1/evaluation",
        method: String = "POST",
        token: String? = nil,
        headers: [String] = ["content-type: application/json"]
    ) -> String {
        let lines =
            ["\(method) \(path) HTTP/1.1", "host: test"] + headers
            + (token.map { ["authorization: Bearer \($0)"] } ?? [])
            + (body.isEmpty ? [] : ["content-length: \(body.utf8.count)"])
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    func post(_ body: String, path: String = "/access/v1/evaluation", token: String?) throws -> Answer {
        send(Self.request(body, path: path, token: token))
        return try answer()
    }
}

/// Keeps lines, or refuses them.
final class MemoryLog: DecisionLogSink {
    private let state = Mutex((lines: [UInt8](), batches: 0, isBroken: false))

    func append(_ lines: [UInt8]) -> Bool {
        state.withLock { state in
            state.batches += 1
            guard !state.isBroken else { return false }
            state.lines += lines
            return true
        }
    }

    func setBroken(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }
    var batches: Int { state.withLock { $0.batches } }
    var entries: [DecisionLogEntry] {
        state.withLock { $0.lines }.split(separator: UInt8(ascii: "\n")).compactMap {
            DecisionLogEntry(parsing: Array($0))
        }
    }
}
