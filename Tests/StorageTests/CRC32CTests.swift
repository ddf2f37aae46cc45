import Storage
import Testing

@Suite("CRC32C") struct CRC32CTests {
    /// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
    @Test(
        "known vectors",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E), ((0..<32).reversed(), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283), ([], 0),
        ] as [([UInt8], UInt32)]
    )
    func vectors(_ bytes: [UInt8], _ expected: UInt32) { #expect(CRC32C.checksum(bytes) == expected) }

    @Test("every length agrees with the definition, bit by bit")
    func definition() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            var crc = UInt32.max
            for byte in bytes {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            }
            #expect(CRC32C.checksum(bytes) == ~crc)
        }
    }
}

extension Samples {
    /// A meta record with a checksum that fits.
    static func checked(name: String, _ bytes: [UInt8]) -> [UInt8] {
        let checksum = CRC32C.checksum(Array(name.utf8) + bytes)
        return (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) } + bytes
    }
}
