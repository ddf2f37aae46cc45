import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

extension ClusterClient {
    /// Writes the answer of the first node that gives one into a new file, however large it is.
    ///
    /// - Returns: The node's name.
    func download(_ path: String, to file: URL, timeout: Duration) async throws -> String {
        var failures: [String] = []
        for node in nodes {
            do {
                try await download(path, from: node, to: file, timeout: timeout)
                return node.name
            } catch let error as APIError where error.mayDifferElsewhere {
                failures.append(error.description)
            } catch let error as UnreachableNode {
                failures.append(error.description)
            }
        }
        throw CommandError("no node answers:\n  " + failures.joined(separator: "\n  "))
    }

    /// Writes one node's answer into a file, in the place of what may be there.
    ///
    /// - Throws: `UnreachableNode` when there is none, or it ends before it is whole; `APIError` for any status but 200.
    func download(_ path: String, from node: ClusterContext.Node, to file: URL, timeout: Duration) async throws {
        let name = file.filePath
        guard FileManager.default.createFile(atPath: name, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw CommandError("cannot be written", at: name) }
        let message = HTTPClientRequest(url: node.admin + path)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        let response: HTTPClientResponse
        do { response = try await http.execute(message, timeout: TimeAmount(timeout)) } catch {
            throw UnreachableNode(node, message.url, error)
        }
        var pieces = response.body.makeAsyncIterator()
        func nextPiece() async throws -> ByteBuffer? {
            do { return try await pieces.next() } catch { throw UnreachableNode(node, message.url, error) }
        }
        let status = Int(response.status.code)
        guard status == 200 else {
            var bytes: [UInt8] = []
            while bytes.count < Self.maximumProblemByteCount, let piece = try await nextPiece() {
                bytes += piece.readableBytesView
            }
            throw APIError(status: status, body: try? JSONValue.parse(bytes), node: node.name)
        }
        while let piece = try await nextPiece() { try handle.write(contentsOf: Array(piece.readableBytesView)) }
        try handle.synchronize()
    }

    private static let maximumProblemByteCount = 1 << 20
}
