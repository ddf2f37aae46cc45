/// Why the links cannot start.
package enum LinksError: Error, Hashable, Sendable, CustomStringConvertible {
    case addressInUse(String)
    case cannotListen(address: String, reason: String)
    case credentials(String)
    case alreadyStarted

    package var description: String {
        switch self {
        case .addressInUse(let address):
            "cannot listen for peers on \(address): the port is in use; stop what uses it or configure another"
        case .cannotListen(let address, let reason): "cannot listen for peers on \(address): \(reason)"
        case .credentials(let reason): "the TLS library refuses the node's credentials: \(reason)"
        case .alreadyStarted: "peer links are started already"
        }
    }
}
