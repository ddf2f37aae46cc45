package import Directory
import Kernel
package import Storage
import Wire

extension DataDirectory {
    /// What decisions go by beside the state, as an earlier process left it.
    ///
    /// - Throws: Also for a statement that does not read back: without it somebody would get back what was taken.
    package func keptStatements() throws(StorageError) -> [SignedStatement] {
        var found: [SignedStatement] = []
        for kept in try log.keptStatements() {
            do throws(WireError) { found.append(try StatementCodec.decode(kept.bytes)) } catch {
                throw .corrupt(path: log.path, reason: "the statement \(kept.id.hex) does not decode: \(error)")
            }
        }
        return found
    }

    func keep(_ statements: [SignedStatement]) throws(StorageError) {
        try log.keep(statements.map { .init(id: $0.id, bytes: StatementCodec.encode($0)) })
    }
}
