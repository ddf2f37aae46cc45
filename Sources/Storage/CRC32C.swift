/// CRC-32C, the Castagnoli polynomial (RFC 3720 section 12.1, test vectors in its appendix B.4).
///
/// Eight bytes a step by eight tables. Kounavis, Berry, "A systematic approach to building high performance
/// software-based CRC generators", ISCC 2005. In plain Swift, since an entry is hashed by SHA-256 beside it, which
/// costs several times as much.
package enum CRC32C {
    package static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes[...]) }

    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let span = bytes.span
        let tables = Self.tables.span
        var crc = UInt32.max
        var offset = 0
        while offset + 8 <= span.count {
            let low = crc ^ word(span, offset)
            let high = word(span, offset + 4)
            crc =
                tables[7 << 8 | Int(low & 0xFF)] ^ tables[6 << 8 | Int(low >> 8 & 0xFF)]
                ^ tables[5 << 8 | Int(low >> 16 & 0xFF)] ^ tables[4 << 8 | Int(low >> 24)]
                ^ tables[3 << 8 | Int(high & 0xFF)] ^ tables[2 << 8 | Int(high >> 8 & 0xFF)]
                ^ tables[1 << 8 | Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
            offset += 8
        }
        while offset < span.count {
            crc = tables[Int((crc ^ UInt32(span[offset])) & 0xFF)] ^ crc >> 8
            offset += 1
        }
        return ~crc
    }

    private static func word(_ span: Span<UInt8>, _ offset: Int) -> UInt32 {
        UInt32(span[offset]) | UInt32(span[offset + 1]) << 8 | UInt32(span[offset + 2]) << 16
            | UInt32(span[offset + 3]) << 24
    }

    /// Table `k` at `k << 8`: what a byte contributes when `k` bytes follow it in the step.
    private static let tables: [UInt32] = {
        var tables = (0..<256 as Range<UInt32>).map { byte in
            (0..<8).reduce(byte) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        for index in 0..<7 * 256 {
            let shorter = tables[index]
            tables.append(tables[Int(shorter & 0xFF)] ^ shorter >> 8)
        }
        return tables
    }()
}
