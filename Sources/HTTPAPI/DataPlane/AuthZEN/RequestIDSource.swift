internal import Kernel

/// Makes ids for requests that come without one: unique within a node, and between its starts.
struct RequestIDSource {
    private let prefix: String
    private var count: UInt64 = 0

    init() {
        var source = SystemRandomNumberGenerator()
        self.prefix = (0..<6).map { _ in UInt8.random(in: 0...255, using: &source) }.hex + "-"
    }

    mutating func next() -> String {
        count &+= 1
        return prefix + String(count)
    }
}
