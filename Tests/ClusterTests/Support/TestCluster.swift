import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Three real processes on loopback, made with `reeve cluster init --dev` in a folder that goes when it does.
final class TestCluster: @unchecked Sendable {
    // Safe: `processes` is guarded by `lock`; everything else is set once.
    let folder: URL
    let names = ["n1", "n2", "n3"]
    let portBase: Int
    let client: HTTPClient
    private let lock = NSLock()
    private var processes: [String: Process] = [:]

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    struct Answer: Sendable {
        let status: Int
        let body: String

        func value(_ name: String) -> String? {
            guard let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
                return nil
            }
            return object[name].map { "\($0)" }
        }
    }

    /// The binary that was built beside these tests.
    static let binary = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "reeve")

    /// - Parameter settings: Lines for each node's configuration.
    init(settings: String = "") throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "reeve-cluster-\(UUID().uuidString)")
        // Below the ports that the system gives to outgoing connections.
        let base = 12_000 + Int.random(in: 0..<2000) * 10
        portBase = base
        let nodes = (0..<3).flatMap { number in
            let port = base + number * 3
            return ["--node", "n\(number + 1)=127.0.0.1:\(port),\(port + 1),\(port + 2)"]
        }
        let arguments = [
            "cluster", "init", "--dev", "--keep-default-context", "--dir", folder.path(), "--domain", "test.internal",
        ]
        let made = try Self.run(arguments + nodes)
        guard made.status == 0 else { throw Failure("cluster init failed: \(made.output)") }
        if !settings.isEmpty {
            for name in names {
                let file = folder.appending(path: "nodes/\(name)/node.yaml")
                let text = try String(contentsOf: file, encoding: .utf8)
                try (text + settings).write(to: file, atomically: true, encoding: .utf8)
            }
        }
        client = try Self.client(
            roots: folder.appending(path: "roots.crt"),
            certificate: folder.appending(path: "admin/admin.crt"),
            key: folder.appending(path: "admin/admin.key")
        )
    }

    static func client(roots: URL, certificate: URL?, key: URL?) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(roots.path())
        // Nodes are known by their SPIFFE ID and address; the tests dial loopback.
        tls.certificateVerification = .noHostnameVerification
        if let certificate, let key {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate.path()).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key.path(), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout = .init(connect: .seconds(2), read: .seconds(10))
        configuration.connectionPool.idleTimeout = .seconds(2)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// As `client(roots:certificate:key:)`, with files of the cluster's folder.
    func client(certificate: String, key: String) throws -> HTTPClient {
        try Self.client(
            roots: folder.appending(path: "roots.crt"),
            certificate: folder.appending(path: certificate),
            key: folder.appending(path: key)
        )
    }

    /// Runs the command to its end.
    static func run(_ arguments: [String], program: URL = binary) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    func configuration(of name: String) -> String { folder.appending(path: "nodes/\(name)/node.yaml").path() }

    func start(_ name: String) throws {
        let log = folder.appending(path: "nodes/\(name)/log")
        if !FileManager.default.fileExists(atPath: log.path()) { try Data().write(to: log) }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = ["node", "run", "--config", configuration(of: name)]
        process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        lock.withLock { processes[name] = process }
    }

    func process(_ name: String) -> Process? { lock.withLock { processes[name] } }

    /// kill -9, and waits until the process is gone.
    func kill(_ name: String) {
        guard let process = process(name), process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func startAll() async throws {
        for name in names { try start(name) }
        try await ready()
    }

    /// Until every node serves.
    func ready(within seconds: Double = 30) async throws {
        for name in names {
            try await until("\(name) is ready", within: seconds) {
                (try? await self.admin("GET", "/readyz", at: name))?.status == 200
            }
        }
    }

    func until(_ what: String, within seconds: Double, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw Failure("not within \(seconds) s: \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func port(_ name: String, _ offset: Int) -> Int { portBase + (names.firstIndex(of: name) ?? 0) * 3 + offset }

    func admin(
        _ method: String,
        _ path: String,
        body: String? = nil,
        headers: [(String, String)] = [],
        at name: String,
        with other: HTTPClient? = nil
    ) async throws -> Answer {
        try await send(method, port(name, 1), path, body, headers, other ?? client)
    }

    func decisions(
        _ method: String,
        _ path: String,
        body: String? = nil,
        headers: [(String, String)] = [],
        at name: String,
        with other: HTTPClient? = nil
    ) async throws -> Answer {
        try await send(method, port(name, 2), path, body, headers, other ?? client)
    }

    func send(
        _ method: String,
        _ port: Int,
        _ path: String,
        _ body: String?,
        _ headers: [(String, String)],
        _ client: HTTPClient
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: .seconds(12))
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return Answer(status: Int(response.status.code), body: String(buffer: bytes))
    }

    /// What a node has written to its standard error.
    func log(of name: String) throws -> [Substring] {
        let file = folder.appending(path: "nodes/\(name)/log")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    }

    func status(of name: String) async throws -> Answer { try await admin("GET", "/v1/node/status", at: name) }

    /// Ends what was started, by its own process id, and removes the folder.
    func tearDown() async {
        for name in names { kill(name) }
        try? await client.shutdown()
        try? FileManager.default.removeItem(at: folder)
    }
}

/// A cluster for the length of the body, whatever becomes of it.
func withCluster(settings: String = "", _ body: (TestCluster) async throws -> Void) async throws {
    let cluster = try TestCluster(settings: settings)
    do {
        try await cluster.startAll()
        try await body(cluster)
    } catch {
        for name in cluster.names {
            let log = (try? cluster.log(of: name)) ?? []
            print("-- \(name)", log.suffix(8).joined(separator: "\n"), separator: "\n")
        }
        await cluster.tearDown()
        throw error
    }
    await cluster.tearDown()
}
