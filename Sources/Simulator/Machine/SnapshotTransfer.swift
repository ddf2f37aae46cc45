package import Consensus
internal import Kernel
internal import Wire

/// A state cut into chunks, as a node reads it for a follower.
package struct OutgoingSnapshot: Sendable {
    package let point: SnapshotPoint
    private let runs: [[UInt8]]

    /// Small, so that small states take several chunks too.
    private static let chunkByteCount = 4096

    package init(_ version: VirtualStateStore.Version) {
        point = version.point
        var runs: [[UInt8]] = []
        var run = StatePairs()
        var byteCount = 0
        version.pairs.forEach { key, value in
            let pair = StatePairs.Pair(key: key, value: value)
            if byteCount > 0, byteCount + pair.encodedByteCount > Self.chunkByteCount {
                runs.append(run.encoded())
                run = StatePairs()
                byteCount = 0
            }
            run.pairs.append(pair)
            byteCount += pair.encodedByteCount
        }
        runs.append(run.encoded())
        self.runs = runs
    }

    package var byteCount: Int { runs.reduce(0) { $0 + $1.count } }

    /// Nil past the end.
    package func chunk(_ number: UInt64) -> Message.SnapshotChunk? {
        guard number < UInt64(runs.count) else { return nil }
        let bytes = runs[Int(number)]
        return Message.SnapshotChunk(
            point: point,
            number: number,
            isLast: number + 1 == UInt64(runs.count),
            bytes: bytes,
            digest: .of(bytes)
        )
    }
}

/// Chunks that a node has received and not yet installed.
package struct IncomingSnapshot: Sendable {
    private var chunks: [Message.SnapshotChunk] = []

    package init() {}

    package var nextChunk: UInt64 { UInt64(chunks.count) }
    package var isComplete: Bool { chunks.last?.isLast == true }

    /// Chunk 0 begins anew; one that does not follow changes nothing.
    package mutating func stage(_ chunk: Message.SnapshotChunk) {
        if chunk.number == 0 { chunks = [] }
        guard chunk.number == nextChunk, chunks.first.map({ $0.point == chunk.point }) ?? true else { return }
        chunks.append(chunk)
    }

    /// Nil when chunks are missing, are of another point, or do not decode.
    package func assembled(at point: SnapshotPoint) -> SortedStore? {
        guard isComplete, chunks.first?.point == point else { return nil }
        var store = SortedStore()
        for chunk in chunks {
            guard let run = try? StatePairs(encoded: chunk.bytes) else { return nil }
            for pair in run.pairs { store.set(pair.value, for: pair.key) }
        }
        return store
    }
}
