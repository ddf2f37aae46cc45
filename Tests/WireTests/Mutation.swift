import Kernel

/// Damages bytes in one of the ways that links, disks and attackers do.
func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2 where !bytes.isEmpty: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: min(place, bytes.count))
        // The longest varint: lengths and numbers at their largest.
        case 4: bytes.insert(contentsOf: [UInt8](repeating: 0xFF, count: 9) + [1], at: min(place, bytes.count))
        default: bytes.removeLast(bytes.count - min(place, bytes.count))
        }
    }
    return bytes
}
