import Kernel
import Links
import NIOCore
import Testing

@Suite("Frame decoder")
struct FrameDecoderTests {
    @Test("frames come out as they went in, however the stream is cut", arguments: 1...20 as ClosedRange<UInt64>)
    func anyCut(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frames = (0..<200).map { _ in
            (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var stream = ByteBuffer()
        for frame in frames { FrameDecoder.encode(frame, into: &stream) }
        var decoder = FrameDecoder(limit: 300)
        var decoded: [[UInt8]] = []
        while stream.readableBytes > 0 {
            let count = min(stream.readableBytes, Int.random(in: 1...700, using: &random))
            decoder.append(stream.readSlice(length: count) ?? ByteBuffer())
            while let frame = try decoder.next() { decoded.append(frame) }
        }
        #expect(decoded == frames, "seed \(seed)")
        #expect(!decoder.hasPartialFrame)
    }

    @Test("the limit is exact, and an error comes before the frame's bytes")
    func limit() throws {
        var decoder = FrameDecoder(limit: 10)
        decoder.append(ByteBuffer(bytes: [0, 0, 0, 10] + [UInt8](repeating: 7, count: 10)))
        #expect(try decoder.next() == [UInt8](repeating: 7, count: 10))
        decoder.append(ByteBuffer(bytes: [0, 0, 0, 11]))
        #expect(throws: FrameError.tooLarge(byteCount: 11, limit: 10)) { try decoder.next() }
        var greatest = FrameDecoder(limit: 10)
        greatest.append(ByteBuffer(bytes: [255, 255, 255, 255]))
        #expect(throws: FrameError.tooLarge(byteCount: .max, limit: 10)) { try greatest.next() }
    }

    @Test("an empty frame is an error")
    func empty() {
        var decoder = FrameDecoder(limit: 10)
        decoder.append(ByteBuffer(bytes: [0, 0, 0, 0]))
        #expect(throws: FrameError.empty) { try decoder.next() }
    }

    @Test("a frame that has not come whole is waited for, and known of")
    func partial() throws {
        var decoder = FrameDecoder(limit: 10)
        for byte in [0, 0, 0, 2, 1] as [UInt8] {
            decoder.append(ByteBuffer(bytes: [byte]))
            #expect(try decoder.next() == nil)
            #expect(decoder.hasPartialFrame)
        }
        decoder.append(ByteBuffer(bytes: [2]))
        #expect(try decoder.next() == [1, 2])
        #expect(!decoder.hasPartialFrame)
    }

    @Test("100,000 random streams give frames within the limit or an error, and end")
    func garbage() {
        var random = SeededRandom(seed: 7)
        var frames = 0, errors = 0
        for _ in 0..<100_000 {
            var decoder = FrameDecoder(limit: 64)
            do {
                for _ in 0..<3 {
                    decoder.append(Self.chunk(&random))
                    while let frame = try decoder.next() {
                        #expect((1...64).contains(frame.count))
                        frames += 1
                    }
                }
            } catch {
                errors += 1
            }
        }
        #expect(
            frames > 10_000 && errors > 10_000,
            "\(frames) frames, \(errors) errors: the generator shows too little"
        )
    }

    /// Often a length that is nearly right, sometimes anything.
    private static func chunk(_ random: inout SeededRandom) -> ByteBuffer {
        let byteCount = Int.random(in: 0...40, using: &random)
        var bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        if Int.random(in: 0..<4, using: &random) > 0 {
            bytes.insert(contentsOf: [0, 0, 0, UInt8.random(in: 0...70, using: &random)], at: 0)
        }
        return ByteBuffer(bytes: bytes)
    }
}
