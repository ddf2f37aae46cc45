import FuzzDriver
import Kernel
import Replica
import Wire

@main enum PeerFuzz {
    static func main() { unsafe runFuzzer { unsafe fuzzPeer($0, $1) } }
}

/// One run: a node that leads or follows is given the frames that the input holds, each from a member or a stranger.
///
/// Input: role (1 byte), then for each frame its sender (1), its length (2, big-endian) and its bytes. Nothing may end the
/// process: not what does not decode, not what decodes and makes no sense.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPeer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    var bytes = unsafe Array(input)[...]
    guard let role = bytes.popFirst() else { return 0 }
    var station = role & 1 == 0 ? Scene.follower : Scene.leader
    while let sender = bytes.popFirst(), let high = bytes.popFirst(), let low = bytes.popFirst() {
        let frame = Array(bytes.prefix(Int(high) << 8 | Int(low)))
        bytes = bytes.dropFirst(frame.count)
        guard let message = try? PeerCodec.decode(frame) else { continue }
        let number = Int(sender) % (Group.members.count + 1)
        let member = number < Group.members.count ? Group.members[number] : MemberID(high: 9, low: 9)
        _ = station.step(.receive(message, from: member))
        if sender & 0x80 != 0 { _ = station.pass(.milliseconds(300)) }
    }
    return 0
}

/// What every run begins with. Values: no run can see what another did.
private enum Scene {
    static let group = Group()
    static let follower = group.stations[group.follower ?? 0]
    static let leader = group.stations[group.leader ?? 0]
}

/// Either puts a frame of a real conversation into the input, whole, or leaves the change to the fuzzer, which would hardly
/// find a well-formed frame by itself.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutatePeer(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: CUnsignedInt) -> Int {
    var random = SeededRandom(seed: UInt64(seed))
    let (sender, frame) = Scene.group.frames[Int(random.next() % UInt64(Scene.group.frames.count))]
    guard random.next() % 4 == 0, count + 3 + frame.count <= limit, frame.count <= 0xFFFF else {
        return unsafe mutateBytes(data, count, limit)
    }
    let header = [UInt8(sender), UInt8(frame.count >> 8), UInt8(frame.count & 0xFF)]
    for (offset, byte) in (header + frame).enumerated() { unsafe data[max(count, 1) + offset] = byte }
    return max(count, 1) + header.count + frame.count
}

@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int
