internal import Glibc
internal import NIOCore

/// Why a server cannot listen.
package struct ListenError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case addressInUse
        case addressNotAvailable
        case permissionDenied
        case unknownHost
        case other(String)
    }

    package let host: String
    package let port: Int
    package let reason: Reason

    package init(_ error: any Error, host: String, port: Int) {
        self.host = host
        self.port = port
        self.reason = Self.reason(of: error)
    }

    package var description: String {
        "cannot listen on \(host):\(port): \(advice)"
    }

    private var advice: String {
        switch reason {
        case .addressInUse: "the port is in use; stop what uses it or configure another port"
        case .addressNotAvailable: "this machine has no such address; configure one that it has"
        case .permissionDenied: "not permitted; use a port above 1023 or grant the capability"
        case .unknownHost: "the host name does not resolve"
        case .other(let text): text
        }
    }

    private static func reason(of error: any Error) -> Reason {
        switch error {
        case let error as IOError: reason(ofCode: error.errnoCode)
        case is SocketAddressError: .unknownHost
        default: .other("\(error)")
        }
    }

    static func text(_ address: SocketAddress?) -> String {
        guard let address, let ip = address.ipAddress, let port = address.port else { return "nowhere" }
        return ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
    }

    private static func reason(ofCode code: CInt) -> Reason {
        switch code {
        case EADDRINUSE: .addressInUse
        case EADDRNOTAVAIL: .addressNotAvailable
        case EACCES, EPERM: .permissionDenied
        default: .other(unsafe String(cString: strerror(code)))
        }
    }
}
