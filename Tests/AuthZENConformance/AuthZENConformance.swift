import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Asks every node of a running cluster all cases of a folder: `AuthZENConformance DIR CLUSTER`, where CLUSTER is a folder
/// that `reeve cluster init --dev` made and whose nodes hold the fixtures.
@main struct AuthZENConformance {
    static func main() async {
        guard CommandLine.arguments.count == 3 else {
            complain("usage: AuthZENConformance DIR CLUSTER")
            exit(64)
        }
        do { exit(try await runAll() == 0 ? 0 : 1) } catch {
            complain("the cases cannot be run: \(error)")
            exit(2)
        }
    }

    private static func complain(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    /// - Returns: How many cases failed.
    private static func runAll() async throws -> Int {
        let folder = URL(filePath: CommandLine.arguments[1])
        let cases = try Case.todo(folder) + Case.certification(folder)
        let cluster = URL(filePath: CommandLine.arguments[2])
        let client = try client(of: cluster)
        var tally = Tally()
        for address in try decisionAddresses(of: cluster) {
            for test in cases { await run(test, at: address, client, &tally) }
        }
        try await client.shutdown()
        print("\(tally.passed) passed, \(tally.failed) failed")
        return tally.failed
    }

    struct Tally {
        var passed = 0
        var failed = 0
    }

    static func run(_ test: Case, at address: String, _ client: HTTPClient, _ tally: inout Tally) async {
        do {
            var test = test
            if let first = test.firstPage {
                let answer = try await post(first, at: address, client).1 as? [String: Any]
                let page = answer?["page"] as? [String: Any]
                guard let token = page?["next_token"] as? String, !token.isEmpty else { throw Fault("no next page") }
                test = test.following(token: token)
            }
            let (status, body) = try await post(test, at: address, client)
            if let fault = test.fault(status: status, body: body) {
                tally.failed += 1
                print("FAIL \(test.name) at \(address): \(fault)")
            } else {
                tally.passed += 1
            }
        } catch {
            tally.failed += 1
            print("FAIL \(test.name) at \(address): \(error)")
        }
    }

    static func post(_ test: Case, at address: String, _ client: HTTPClient) async throws -> (Int, Any?) {
        var request = HTTPClientRequest(url: address + test.endpoint)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "X-Request-ID", value: test.id)
        request.body = .bytes(ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: test.request)))
        let response = try await client.execute(request, timeout: .seconds(10))
        guard response.headers.first(name: "X-Request-ID") == test.id else { throw Fault("X-Request-ID is not echoed") }
        let bytes = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        return (Int(response.status.code), try? JSONSerialization.jsonObject(with: Data(bytes)))
    }

    static func client(of cluster: URL) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(cluster.appending(path: "roots.crt").path())
        tls.certificateVerification = .noHostnameVerification
        let certificate = cluster.appending(path: "admin/admin.crt").path()
        tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
        tls.privateKey = .privateKey(
            try NIOSSLPrivateKey(file: cluster.appending(path: "admin/admin.key").path(), format: .pem)
        )
        return HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: HTTPClient.Configuration(tlsConfiguration: tls)
        )
    }

    /// From the lines `decisions: https://…` of the context file.
    static func decisionAddresses(of cluster: URL) throws -> [String] {
        let text = try String(contentsOf: cluster.appending(path: "context.yaml"), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            guard let range = line.range(of: "decisions: ") else { return nil }
            return String(line[range.upperBound...])
        }
    }
}

struct Fault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
