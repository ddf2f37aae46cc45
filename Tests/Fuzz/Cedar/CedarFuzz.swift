import Cedar
import FuzzDriver
import Glibc
import JSON

/// Each input is one text for the parser that the environment variable `REEVE_FUZZ_TARGET` names: libFuzzer, which starts
/// itself again at times, hands on the environment, and no arguments but its own.
@main enum CedarFuzz {
    static func main() { unsafe runFuzzer { unsafe fuzzCedar($0, $1) } }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCedar(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

private let target: @Sendable ([UInt8]) -> Void = {
    let name = unsafe getenv("REEVE_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    switch name {
    case "policy": return fuzzPolicies
    case "schema": return fuzzSchema
    case "entities": return fuzzEntities
    case "json": return fuzzJSON
    default: fatalError("REEVE_FUZZ_TARGET is '\(name)', not policy, schema, entities or json")
    }
}()

/// Ends the process, and so makes the input a finding.
func check(_ holds: Bool, _ message: @autoclosure () -> String) {
    if !holds { fatalError(message()) }
}

extension [UInt8] {
    /// No text in Cedar's own form begins with a brace, and every one in the JSON form does.
    var isJSON: Bool { first { $0 > UInt8(ascii: " ") } == UInt8(ascii: "{") }
}

/// JSON is written as it was read, and read as it was written.
private func fuzzJSON(_ bytes: [UInt8]) {
    guard let value = try? JSONValue.parse(bytes) else { return }
    let written = value.serialized()
    check((try? JSONValue.parse(written)) == value, "JSON changes when it is written and read: \(written)")
    let pretty = Array(value.prettyPrinted().utf8)
    check((try? JSONValue.parse(pretty)) == value, "JSON changes when it is laid out and read: \(pretty)")
    // What a limit lets through is the same as without it.
    if let bounded = try? JSONValue.parse(bytes, limits: JSONLimits(maxBytes: 64, maxDepth: 3, maxElements: 8)) {
        check(bounded == value, "two values of one text")
    }
}
