import Consensus
import Directory
import Kernel
import LinkFrames
import NIOCore
import Replica
import Wire

/// An input, read as what happens to a group one thing after the other: few bytes each, so that a fuzzer finds its way.
struct Script {
    private var rest: ArraySlice<UInt8>
    /// Bounds what one input costs.
    private static let stepLimit = 12
    private static let frameLimit = 1 << 20

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    static func run(_ bytes: [UInt8]) {
        var script = Script(bytes)
        var group = Scene.groups[script.place(in: Scene.groups.count)]
        for _ in 0..<stepLimit where !script.rest.isEmpty { script.act(on: &group) }
    }

    /// Zero at the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func place(in count: Int) -> Int { Int(byte()) % count }

    mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }

    /// Another number than this: a little more or less, a small one, one at the end of a range, or any.
    mutating func number(near old: UInt64) -> UInt64 {
        let choice = byte()
        let small = UInt64(choice & 63)
        switch choice >> 6 {
        case 0: return old &+ small
        case 1: return old &- small
        case 2: return small
        default:
            let ends: [UInt64] = [.max, UInt64(Int64.max), UInt64(Int64.max) - 1, 1 << 62, 1 << 62 - 1, 1 << 32]
            return small < ends.count ? ends[Int(small)] : word()
        }
    }

    /// A member, a stranger, or another incarnation of a member.
    mutating func member() -> MemberID {
        let choice = byte()
        let known = Group.members[Int(choice) % Group.members.count]
        switch choice >> 5 {
        case 5: return MemberID(high: known.high, low: known.low, incarnation: 0)
        case 6: return MemberID(high: known.high, low: known.low, incarnation: 2)
        case 7: return MemberID(high: 9, low: UInt64(choice))
        default: return known
        }
    }

    mutating func bytes() -> [UInt8] {
        let taken = Array(rest.prefix(Int(byte())))
        rest = rest.dropFirst(taken.count)
        return taken
    }

    private mutating func act(on group: inout Group) {
        let choice = byte()
        switch choice % 16 {
        case 0, 1, 2:
            // Not always through the codec, which costs more than the rest.
            if let letter = group.take(place(in: 64)) { group.deliver(letter, encoded: choice & 0x80 != 0) }
        case 3, 4: if let letter = letterUnderWay(in: group) { forge(letter, on: &group) }
        case 5, 6: forge(Scene.letters[place(in: Scene.letters.count)], on: &group)
        case 7: if let letter = letterUnderWay(in: group) { garble(letter, on: &group) }
        case 8: garble(Scene.letters[place(in: Scene.letters.count)], on: &group)
        case 9: stream(on: &group)
        case 10: group.pass(station(), .milliseconds(UInt64(byte()) * 8))
        case 11: for number in group.stations.indices { group.pass(number, .milliseconds(50)) }
        case 12: disturb(&group)
        case 13: ask(&group)
        case 14: group.stations[station()].isSlow = byte() & 1 == 0
        default: group.work(station(), Int(byte() % 8) + 1)
        }
    }

    private mutating func station() -> Int { place(in: Group.members.count) }

    private mutating func letterUnderWay(in group: Group) -> Group.Letter? {
        group.underWay.isEmpty ? nil : group.underWay[place(in: group.underWay.count)]
    }

    /// Changes values in a message and delivers it, if it is one that can be encoded.
    private mutating func forge(_ letter: Group.Letter, on group: inout Group) {
        let flags = byte()
        let receiver = flags & 1 == 0 ? letter.receiver : station()
        var forgery = Forgery(letter.message)
        if flags & 2 != 0 { forgery.readdress(to: group.stations[receiver].node, from: letter.sender) }
        if flags & 32 != 0 { forgery.attach(to: group.stations[receiver].end) }
        for _ in 0..<(flags >> 2 & 3) { forgery.edit(by: &self) }
        let sender = flags & 16 == 0 ? letter.sender : member()
        guard let message = try? PeerCodec.decode(PeerCodec.encode(forgery.message)) else { return }
        group.step(receiver, .receive(message, from: sender))
    }

    /// Changes bytes of a frame, or cuts it short.
    private mutating func garble(_ letter: Group.Letter, on group: inout Group) {
        var frame = PeerCodec.encode(letter.message)
        let flags = byte()
        for _ in 0..<(flags & 7) {
            let place = (Int(byte()) << 8 | Int(byte())) % max(frame.count, 1)
            if place < frame.count { frame[place] = byte() }
        }
        if flags & 8 != 0 { frame.removeLast((Int(byte()) << 8 | Int(byte())) % (frame.count + 1)) }
        if flags & 16 != 0 { frame += bytes() }
        receive(frame, from: letter.sender, at: letter.receiver, on: &group)
    }

    /// Any bytes, as they come from a connection.
    private mutating func stream(on group: inout Group) {
        let (sender, receiver) = (member(), station())
        var decoder = FrameDecoder(limit: Self.frameLimit)
        for piece in [bytes(), bytes()] {
            decoder.append(ByteBuffer(bytes: piece))
            while let frame = try? decoder.next() { receive(frame, from: sender, at: receiver, on: &group) }
        }
    }

    /// What decodes encodes again to something equal, and a node bears it.
    private func receive(_ frame: [UInt8], from sender: MemberID, at receiver: Int, on group: inout Group) {
        guard let message = try? PeerCodec.decode(frame) else { return }
        invariant((try? PeerCodec.decode(PeerCodec.encode(message))) == message, "a message changes: \(message)")
        group.step(receiver, .receive(message, from: sender))
    }

    /// What a link, a disk or an operator may do meanwhile.
    private mutating func disturb(_ group: inout Group) {
        let number = station()
        switch byte() % 10 {
        case 0: _ = group.take(place(in: 64))
        case 1: group.step(number, .linkClosed(member()))
        case 2: group.rot(number, LogIndex(group.stations[number].node.firstIndex.number &+ UInt64(byte() % 16)))
        case 3: group.step(number, .storage(isFull: byte() & 1 == 0))
        case 4: group.step(number, .transferLeadership(RequestID(800), to: member(), deadline: soon(number, group)))
        case 5: group.step(number, .shutDown)
        case 6: group.isolated = number
        case 7: group.step(number, .link(member(), isOpen: byte() & 1 == 0))
        case 8: group.step(number, .unreadableGossip(byteCount: Int(byte()), from: member()))
        default: group.isolated = nil
        }
    }

    private mutating func ask(_ group: inout Group) {
        let number = station()
        let id = RequestID(UInt64(byte()) + 1000)
        switch byte() % 7 {
        case 0: group.step(number, .awaitCurrent(id, deadline: soon(number, group)))
        case 1: group.step(number, .awaitRevision(id, LogIndex(UInt64(byte())), deadline: soon(number, group)))
        case 2: group.submit(.promoteMember(member()), at: number)
        case 3: group.submit(.removeMember(member()), at: number)
        case 4: group.submit(.removeEdge(member()), at: number)
        case 5: group.submit(.put(.role(RoleSpec(name: "r\(byte())")), .none), at: number)
        default: group.step(number, .wake)
        }
    }

    private func soon(_ number: Int, _ group: Group) -> Instant {
        group.stations[number].now.monotonic.advanced(by: .milliseconds(500))
    }
}
