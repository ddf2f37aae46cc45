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

    init(_ node: ClusterContext.Node, _ url: String, _ error: any Error) {
        self.node = node.name
        self.url = url
        self.reason = Self.reason(of: error)
        self.mayHaveHeard = !Self.isBeforeConnection(error)
    }

    var description: String { "\(node) (\(url.prefix(80))): \(reason)" }

    private static func reason(of error: any Error) -> String {
        if let alert = certificateAlert(in: error) { return "does not take the certificate it is shown (\(alert))" }
        return switch error {
        case let error as HTTPClientError where error == .deadlineExceeded || isBeforeConnection(error):
            "no answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "closed the connection"
        case is NIOConnectionError: "refuses the connection"
        case let error as IOError where error.errnoCode == ECONNREFUSED: "refuses the connection"
        case let error as NIOSSLError: "TLS failed: \(error)"
        default: "\(error)"
        }
    }

    private static func isBeforeConnection(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .connectTimeout || error == .tlsHandshakeTimeout
        case is NIOConnectionError, is NIOSSLExtraError: true
        case let error as IOError: error.errnoCode == ECONNREFUSED
        case NIOSSLError.handshakeFailed: true
        default: certificateAlert(in: error) != nil
        }
    }

    /// With TLS 1.3 a node that refuses a certificate says so when its peer takes the connection for open; it reads no request
    /// then. Only the text has the alert's name, such as `TLSV1_ALERT_UNKNOWN_CA`.
    private static func certificateAlert(in error: any Error) -> Substring? {
        guard case BoringSSLError.sslError = error else { return nil }
        let words = "\(error)".split { $0 == ":" || $0 == " " }
        return words.first { $0.contains("_ALERT_") && ($0.contains("CERTIFICATE") || $0.contains("UNKNOWN_CA")) }
    }
}
