/// One figure for Prometheus. Names are `reeve_<module>_<noun>_<unit>`; there are no labels, so their number is bounded.
package struct MetricSample: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case gauge, counter }

    package let name: String
    package let help: String
    package let kind: Kind
    package let value: UInt64

    package static func gauge(_ name: String, _ help: String, _ value: UInt64) -> MetricSample {
        MetricSample(name: name, help: help, kind: .gauge, value: value)
    }

    /// Never goes back while the process runs.
    package static func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricSample {
        MetricSample(name: name, help: help, kind: .counter, value: value)
    }
}

/// The text format of Prometheus, version 0.0.4.
enum MetricsText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    static func format(_ samples: [MetricSample]) -> String {
        samples.map { sample in
            let name = String(sample.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
            return "# HELP \(name) \(sample.help)\n# TYPE \(name) \(sample.kind.rawValue)\n\(name) \(sample.value)\n"
        }.joined()
    }
}
