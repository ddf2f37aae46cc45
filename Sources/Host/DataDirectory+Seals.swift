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

    /// Forgets who sealed before: of those who are lost nobody will consent to who votes now, and whoever follows them needs a new
    /// checkpoint. What this member has signed it remembers, and that its state was found to be wrong.
    package func forgetFormerVoters() throws(StorageError) {
        var memory = try sealMemory()
        memory.voters = nil
        memory.succession = Succession()
        try keep(memory)
    }

    func keep(_ mark: SealMark) throws(StorageError) { try log.keep(SealCodec.encode(mark), as: .mark) }
    func keep(_ memory: SealMemory) throws(StorageError) { try log.keep(SealCodec.encode(memory), as: .memory) }
}
