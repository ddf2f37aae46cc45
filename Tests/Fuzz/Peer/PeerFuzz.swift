import FuzzDriver

@main enum PeerFuzz {
    static func main() { unsafe runFuzzer { unsafe fuzzPeer($0, $1) } }
}

/// One run: what its input says happens to a small group in memory, whose wire is in an enemy's hands. Nothing may end the
/// process, and no node's state may come to break its invariants.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPeer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    unsafe Script.run(Array(input))
    return 0
}
