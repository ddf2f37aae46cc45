import NIOCore

/// What a client asks of either cluster: keys are numbers below `keyCount`, values have 256 bytes.
enum Operation: Hashable, Sendable {
    case put(key: Int, round: Int)
    /// What a quorum confirms to be the newest.
    case readLinearizable(key: Int)
    /// What the node that is asked has.
    case readLocal(key: Int)

    static let keyCount = 10_000
    static let valueByteCount = 256

    static func value(key: Int, round: Int) -> String {
        let head = "\(key).\(round)."
        return head + String(repeating: "x", count: max(0, valueByteCount - head.utf8.count))
    }
}

/// One client's connection.
protocol PeerConnection: AnyObject {
    var channel: any Channel { get }
    /// Fails for a connection on which nothing will be answered.
    var ready: EventLoopFuture<Void> { get }
    /// On the channel's event loop. Fails for any answer but success.
    func perform(_ operation: Operation) -> EventLoopFuture<Void>
}

/// An answer that is none.
struct PeerError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
