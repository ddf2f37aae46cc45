import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// A node that gave no answer.
struct UnreachableNode: Error, CustomStringConvertible {
    let node: String
    let url: String
    let reason: String
    /// Whether the request may have reached it all the same: there was a connection.
    let mayHaveHeard: Bool
    /// Whether it is there, and certificates are what is wrong.
    let isOfCertificates: Bool

    init(_ node: ClusterContext.Node, _ url: String, _ error: any Error) {
        self.node = node.name
        self.url = url
        self.reason = Self.reason(of: error)
        self.mayHaveHeard = !Self.isBeforeConnection(error)
        self.isOfCertificates = TLSFailure(error)?.isOfCertificates ?? false
    }

    var description: String { "\(node) (\(url.prefix(80))): \(reason)" }

    private static func reason(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError
        where error == .connectTimeout || error == .deadlineExceeded || error == .tlsHandshakeTimeout:
            "no answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "closed the connection"
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: "its name cannot be resolved"
        case is NIOConnectionError: "refuses the connection"
        case let error as IOError where error.errnoCode == ECONNREFUSED: "refuses the connection"
        default: TLSFailure(error)?.description ?? "\(error)"
        }
    }

    private static func isBeforeConnection(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .connectTimeout || error == .tlsHandshakeTimeout
        case is NIOConnectionError, is NIOSSLExtraError: true
        case let error as IOError: error.errnoCode == ECONNREFUSED
        case NIOSSLError.handshakeFailed: true
        // The other side says so in place of finishing the handshake, though this one had finished its part (RFC 8446 section 4.4).
        default: TLSFailure(error)?.isOfCertificates ?? false
        }
    }
}
