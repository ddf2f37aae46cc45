import HTTPAPI

/// Where something listens or is reached: `host:port`, with an IPv6 address in brackets.
struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    let host: String
    let port: Int

    static let grammar = "HOST:PORT, such as 127.0.0.1:7401 or [::1]:7401"

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/[]@".contains($0) }) else { return nil }
        self.init(host: String(host), port: port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ObjectReader {
    mutating func address(_ name: String) throws(FieldError) -> HostPort {
        guard let address = HostPort(parsing: try string(name)) else {
            throw FieldError(path.member(name), "must be \(HostPort.grammar)")
        }
        return address
    }
}
