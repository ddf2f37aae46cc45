package import NIOCore

/// Splits a stream of bytes into frames: a length in four bytes, big-endian, then that many bytes.
package struct FrameDecoder: Sendable {
    /// Of one frame, without its length.
    package var limit: Int
    private var buffer = ByteBuffer()

    package static let headerByteCount = 4
    /// Read bytes are kept until there are this many, so that small frames do not each move what follows.
    private static let keptByteCount = 64 * 1024

    package init(limit: Int) { self.limit = limit }

    package mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame, nil until more bytes have come. After an error the stream cannot be read further.
    package mutating func next() throws(FrameError) -> [UInt8]? {
        guard let length: UInt32 = buffer.getInteger(at: buffer.readerIndex) else { return nil }
        guard length > 0 else { throw .empty }
        guard let byteCount = Int(exactly: length), byteCount <= limit else {
            throw .tooLarge(byteCount: length, limit: limit)
        }
        guard buffer.readableBytes - Self.headerByteCount >= byteCount else { return nil }
        buffer.moveReaderIndex(forwardBy: Self.headerByteCount)
        let frame = buffer.readBytes(length: byteCount)
        if buffer.readerIndex > Self.keptByteCount { buffer.discardReadBytes() }
        return frame
    }

    /// Whether the stream would end within a frame.
    package var hasPartialFrame: Bool { buffer.readableBytes > 0 }

    /// Appends a frame to bytes that are to be written.
    package static func encode(_ frame: [UInt8], into bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt32(clamping: frame.count))
        bytes.writeBytes(frame)
    }
}

/// Why a stream of bytes is not one of frames.
package enum FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLarge(byteCount: UInt32, limit: Int)
    case empty
    /// The stream ended within a frame.
    case truncated

    package var code: String {
        switch self {
        case .tooLarge: "too_large"
        case .empty: "empty"
        case .truncated: "truncated"
        }
    }

    package var description: String {
        switch self {
        case .tooLarge(let byteCount, let limit): "frame of \(byteCount) bytes, at most \(limit) are allowed"
        case .empty: "empty frame"
        case .truncated: "connection ended within a frame"
        }
    }
}
