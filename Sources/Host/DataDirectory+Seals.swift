package import Sealing
package import Storage
import Wire

extension DataDirectory {
    /// What this member has signed last.
    ///
    /// - Throws: Also for one that does not read back: without it the member could contradict itself.
    func sealMark() throws(StorageError) -> SealMark? {
        guard let bytes = try log.sealRecord(.mark) else { return nil }
        do throws(WireError) { return try SealCodec.decodeMark(bytes) } catch {
            throw .corrupt(path: log.path, reason: "the mark of what was sealed last does not decode: \(error)")
        }
    }

    func sealMemory() throws(StorageError) -> SealMemory {
        guard let bytes = try log.sealRecord(.memory) else { return SealMemory() }
        do throws(WireError) { return try SealCodec.decodeMemory(bytes) } catch {
            throw .corrupt(path: log.path, reason: "what is known of seals does not decode: \(error)")
        }
    }

    /// An edge begins from here: nothing is proven to it before a seal by voters that follow from these.
    package func begin(from checkpoint: Checkpoint) throws(StorageError) {
        try keep(SealMemory(checkpoint: checkpoint))
    }

    func keep(_ mark: SealMark) throws(StorageError) { try log.keep(SealCodec.encode(mark), as: .mark) }
    func keep(_ memory: SealMemory) throws(StorageError) { try log.keep(SealCodec.encode(memory), as: .memory) }
}
