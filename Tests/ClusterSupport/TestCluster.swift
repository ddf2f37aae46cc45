package import AsyncHTTPClient
package import Foundation
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Three real processes, made with `reeve cluster init --dev`.
package final class TestCluster: @unchecked Sendable {
    // Safe: `processes` is guarded by `lock`; everything else is set once.
    package let folder: URL
    package let names = ["n1", "n2", "n3"]
    package let portBase: Int
    package let client: HTTPClient
    private let hosts: [String]
    private let launch: @Sendable (String) -> Launch
    private let lock = NSLock()
    private var processes: [String: Process] = [:]
    /// Of nodes that came later, in the order of their ports.
    private var added: [String] = []

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    /// How a node is started.
    package struct Launch: Sendable {
        /// A command that becomes the node, with its arguments: `/usr/bin/nsenter --net=…`. Empty for the node itself.
        package var wrapper: [String]
        package var environment: [String: String]

        package init(wrapper: [String] = [], environment: [String: String] = [:]) {
            self.wrapper = wrapper
            self.environment = environment
        }
    }

    package struct Answer: Sendable {
        package let status: Int
        package let body: String

        package init(status: Int, body: String) {
            self.status = status
            self.body = body
        }

        package func value(_ name: String) -> String? {
            guard let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
                return nil
            }
            return object[name].map { "\($0)" }
        }
    }

    /// The binary that was built beside these tests.
    package static let binary = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .appending(path: "reeve")

    /// - Parameters:
    ///   - settings: Lines for each node's configuration.
    ///   - maker: The command that makes the cluster's folder, but for the folder and its nodes.
    ///   - folder: Must not exist; by default one that goes when the cluster does.
    ///   - hosts: Address of each node, and of those that come later. Those that it does not reach to are on the first one's.
    ///   - portBase: First of three ports a node; by default of some that nobody listens on.
    package init(
        _ maker: [String] = new,
        settings: String = "",
        folder: URL? = nil,
        hosts: [String] = ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
        portBase: Int? = nil,
        launch: @escaping @Sendable (String) -> Launch = { _ in Launch() }
    ) throws {
        let temporary = FileManager.default.temporaryDirectory.appending(path: "reeve-cluster-\(UUID().uuidString)")
        self.folder = folder ?? temporary
        self.hosts = hosts
        self.launch = launch
        let base = try portBase ?? Self.freePorts(count: 3 * names.count)
        self.portBase = base
        let nodes = (0..<3).flatMap { number in
            let port = base + number * 3
            return ["--node", "n\(number + 1)=\(hosts[number]):\(port),\(port + 1),\(port + 2)"]
        }
        let made = try Self.run(maker + ["--dir", self.folder.path()] + nodes)
        guard made.status == 0 else { throw Failure("\(maker.prefix(2)) failed: \(made.output)") }
        if !settings.isEmpty {
            for name in names {
                let file = self.folder.appending(path: "nodes/\(name)/node.yaml")
                let text = try String(contentsOf: file, encoding: .utf8)
                try (text + settings).write(to: file, atomically: true, encoding: .utf8)
            }
        }
        client = try Self.administrator(in: self.folder)
    }

    /// The first of so many ports in a row that nobody listens on, below those that the system gives to outgoing connections.
    /// No other cluster of this process gets them, which may have chosen and not listen yet.
    private static func freePorts(count: Int) throws -> Int {
        for _ in 0..<blockCount {
            let block = nextBlock.withLock { block in
                block = (block + 1) % blockCount
                return block
            }
            let base = 12_000 + block * 20
            if (base..<base + count).allSatisfy(isFree) { return base }
        }
        throw Failure("no \(count) ports in a row are free")
    }

    private static let blockCount = 1000
    /// Begins anywhere, since there may be other processes.
    private static let nextBlock = Mutex(Int.random(in: 0..<blockCount))

    private static func isFree(_ port: Int) -> Bool {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        guard let channel = try? bootstrap.bind(host: "127.0.0.1", port: port).wait() else { return false }
        try? channel.close().wait()
        return true
    }

    /// A client of its own, with the administrator's certificate.
    ///
    /// - Parameter retriesConnecting: Whether a request goes on trying to reach a node until its time is over.
    package func makeClient(retriesConnecting: Bool = true) throws -> HTTPClient {
        try Self.administrator(in: folder, retriesConnecting: retriesConnecting)
    }

    private static func administrator(in folder: URL, retriesConnecting: Bool = true) throws -> HTTPClient {
        try client(
            roots: folder.appending(path: "roots.crt"),
            certificate: folder.appending(path: "admin/admin.crt"),
            key: folder.appending(path: "admin/admin.key"),
            retriesConnecting: retriesConnecting
        )
    }

    package static func client(
        roots: URL,
        certificate: URL?,
        key: URL?,
        retriesConnecting: Bool = true
    ) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(roots.path())
        // Nodes are known by their SPIFFE ID and address.
        tls.certificateVerification = .noHostnameVerification
        if let certificate, let key {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate.path()).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key.path(), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout = .init(connect: .seconds(2), read: .seconds(10))
        configuration.connectionPool.idleTimeout = .seconds(2)
        configuration.connectionPool.retryConnectionEstablishment = retriesConnecting
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// As `client(roots:certificate:key:)`, with files of the cluster's folder.
    package func client(certificate: String, key: String) throws -> HTTPClient {
        try Self.client(
            roots: folder.appending(path: "roots.crt"),
            certificate: folder.appending(path: certificate),
            key: folder.appending(path: key)
        )
    }

    /// Runs the command to its end.
    package static func run(
        _ arguments: [String],
        program: URL = binary
    ) throws -> (status: Int32, output: String) {
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

    package func configuration(of name: String) -> String { folder.appending(path: "nodes/\(name)/node.yaml").path() }

    package func start(_ name: String) throws {
        let log = folder.appending(path: "nodes/\(name)/log")
        if !FileManager.default.fileExists(atPath: log.path()) { try Data().write(to: log) }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        let process = Process()
        let launch = self.launch(name)
        let command = launch.wrapper + [Self.binary.path(), "node", "run", "--config", configuration(of: name)]
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        let environment = launch.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        lock.withLock { processes[name] = process }
    }

    package func process(_ name: String) -> Process? { lock.withLock { processes[name] } }

    /// SIGSTOP: the process falls silent, and is not gone.
    package func pause(_ name: String) { signal(name, SIGSTOP) }

    package func resume(_ name: String) { signal(name, SIGCONT) }

    private func signal(_ name: String, _ signal: Int32) {
        guard let process = process(name), process.isRunning else { return }
        Glibc.kill(process.processIdentifier, signal)
    }

    /// kill -9, and waits until the process is gone.
    package func kill(_ name: String) {
        guard let process = process(name), process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    package func startAll() async throws {
        for name in names { try start(name) }
        try await ready()
    }

    /// Until every node serves.
    package func ready(within seconds: Double = 30) async throws {
        for name in names {
            try await until("\(name) is ready", within: seconds) {
                (try? await self.admin("GET", "/readyz", at: name))?.status == 200
            }
        }
    }

    package func until(_ what: String, within seconds: Double, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw Failure("not within \(seconds) s: \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Parameter offset: 0 for peers, 1 for administration, 2 for decisions.
    package func port(_ name: String, _ offset: Int) -> Int { portBase + number(of: name) * 3 + offset }

    private func number(of name: String) -> Int {
        if let place = names.firstIndex(of: name) { return place }
        return names.count + (lock.withLock { added.firstIndex(of: name) } ?? 0)
    }

    /// A new cluster with an empty directory.
    package static let new = ["cluster", "init", "--dev", "--keep-default-context", "--domain", "test.internal"]

    /// Those that came later too.
    package var allNames: [String] { names + lock.withLock { added } }

    package func nodeFolder(_ name: String) -> URL { folder.appending(path: "nodes/\(name)") }

    /// Runs a command as the administrator.
    package func command(_ arguments: String...) throws -> (status: Int32, output: String) { try command(arguments) }

    package func command(_ arguments: [String]) throws -> (status: Int32, output: String) {
        try Self.run(arguments + ["--context", folder.appending(path: "context.yaml").path()])
    }

    /// Where `issueWarrant` writes it.
    package var warrantFile: String { folder.appending(path: "night-shift.warrant").path() }

    /// The warrant `night-shift`, to quarantine anybody for a day.
    ///
    /// - Parameter budget: How many statements it is good for.
    package func issueWarrant(budget: Int) throws {
        let ended = try command([
            "warrant", "issue", "night-shift", "--level", "quarantine", "--expires-in", "1d", "--budget", "\(budget)",
            "--everybody", "--out", warrantFile,
        ])
        guard ended.status == 0 else { throw Failure("no warrant: \(ended.output)") }
    }

    /// `NAME=HOST:PORT,PORT,PORT` of a node to come.
    package func argument(of name: String) -> String {
        lock.withLock { if !names.contains(name), !added.contains(name) { added.append(name) } }
        let ports = (0..<3).map { String(port(name, $0)) }.joined(separator: ",")
        return "\(name)=\(host(of: name)):\(ports)"
    }

    /// Invites a node and lets it join, under a new name or one of a node that was removed. It is not started.
    package func admit(_ name: String, edge: Bool = false) throws {
        let file = folder.appending(path: "\(name)-\(UUID().uuidString).join").path()
        let invitation = ["cluster", "add", argument(of: name), "--out", file] + (edge ? ["--edge"] : [])
        let invited = try command(invitation)
        guard invited.status == 0 else { throw Failure("cluster add: \(invited.output)") }
        let joined = try Self.run(["node", "join", "--file", file, "--dir", nodeFolder(name).path()])
        guard joined.status == 0 else { throw Failure("node join: \(joined.output)") }
    }

    /// Likewise, and starts it.
    package func join(_ name: String, edge: Bool = false) async throws {
        try admit(name, edge: edge)
        try await startUntilReady(name)
    }

    /// Starts it, and waits until it answers.
    package func startUntilReady(_ name: String) async throws {
        try start(name)
        try await until("\(name) is ready", within: 30) {
            (try? await self.admin("GET", "/readyz", at: name))?.status == 200
        }
    }

    package func admin(
        _ method: String,
        _ path: String,
        body: String? = nil,
        headers: [(String, String)] = [],
        at name: String,
        with other: HTTPClient? = nil,
        within timeout: TimeAmount = .seconds(12)
    ) async throws -> Answer {
        try await send(method, url(name, 1, path), body, headers, other ?? client, timeout)
    }

    package func decisions(
        _ method: String,
        _ path: String,
        body: String? = nil,
        headers: [(String, String)] = [],
        at name: String,
        with other: HTTPClient? = nil
    ) async throws -> Answer {
        try await send(method, url(name, 2, path), body, headers, other ?? client)
    }

    package func url(_ name: String, _ offset: Int, _ path: String) -> String {
        "https://\(host(of: name)):\(port(name, offset))\(path)"
    }

    private func host(of name: String) -> String {
        let number = number(of: name)
        return hosts[number < hosts.count ? number : 0]
    }

    package func send(
        _ method: String,
        _ url: String,
        _ body: String?,
        _ headers: [(String, String)],
        _ client: HTTPClient,
        _ timeout: TimeAmount = .seconds(12)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: timeout)
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return Answer(status: Int(response.status.code), body: String(buffer: bytes))
    }

    /// What a node has written to its standard error.
    package func log(of name: String) throws -> [Substring] {
        let file = folder.appending(path: "nodes/\(name)/log")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    }

    package func status(of name: String) async throws -> Answer { try await admin("GET", "/v1/node/status", at: name) }

    /// Ends what was started, by its own process id, and removes the folder.
    package func tearDown() async {
        await stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Ends what was started, by its own process id.
    package func stop() async {
        for name in allNames { kill(name) }
        try? await client.shutdown()
    }
}

/// A cluster for the length of the body, whatever becomes of it. Waits while there are enough of them.
package func withCluster(
    _ maker: [String] = TestCluster.new,
    settings: String = "",
    _ body: (TestCluster) async throws -> Void
) async throws {
    await ClusterRoom.shared.enter()
    defer { ClusterRoom.shared.leave() }
    let cluster = try TestCluster(maker, settings: settings)
    do {
        try await cluster.startAll()
        try await body(cluster)
    } catch {
        for name in cluster.allNames {
            let log = (try? cluster.log(of: name)) ?? []
            print("-- \(name)", log.suffix(8).joined(separator: "\n"), separator: "\n")
        }
        await cluster.tearDown()
        throw error
    }
    await cluster.tearDown()
}
