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
        do {
            let response = try await http.execute(message, timeout: TimeAmount(timeout))
            let status = Int(response.status.code)
            guard status == 200 else {
                let bytes = Array(try await response.body.collect(upTo: Self.maximumProblemByteCount).readableBytesView)
                throw APIError(status: status, body: try? JSONValue.parse(bytes), node: node.name)
            }
            for try await piece in response.body { try write(piece, to: handle, name) }
        } catch let error as APIError {
            throw error
        } catch let error as CommandError {
            throw error
        } catch {
            throw UnreachableNode(node, message.url, error)
        }
        try handle.synchronize()
    }

    private func write(_ piece: ByteBuffer, to handle: FileHandle, _ name: String) throws(CommandError) {
        do { try handle.write(contentsOf: Array(piece.readableBytesView)) } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: name)
        }
    }

    private static let maximumProblemByteCount = 1 << 20
}
