internal import CLMDB
package import Kernel

// Statements that count on this member and that the log has not judged yet. They stand beside the log, since they must be as
// durable as what is in it: whoever made one was told that it counts. Each is its bytes preceded by a CRC-32C over id and bytes.
extension LogStore {
    package struct KeptStatement: Hashable, Sendable {
        package let id: Digest
        package let bytes: [UInt8]

        package init(id: Digest, bytes: [UInt8]) {
            self.id = id
            self.bytes = bytes
        }
    }

    /// One durable transaction, all or none. To keep one twice is to keep it once.
    ///
    /// - Throws: `diskFull` leaves the store as it was, and usable.
    package func keep(_ statements: [KeptStatement]) throws(StorageError) {
        try change { (writer) throws(StorageError) in
            for statement in statements {
                var stored: [UInt8] = []
                stored.append(bigEndian: Self.checksum(statement.id, statement.bytes[...]))
                try writer.transaction.put(stored + statement.bytes, for: statement.id.bytes, in: self.statements)
            }
        }
    }

    package func forget(_ ids: [Digest]) throws(StorageError) {
        try change { (writer) throws(StorageError) in
            for id in ids { try writer.transaction.remove(id.bytes, in: self.statements) }
        }
    }

    /// In the order of their ids.
    ///
    /// - Throws: `corrupt` for one that does not read back: to go on without it would give back what it took.
    package func keptStatements() throws(StorageError) -> [KeptStatement] {
        let transaction = try environment.beginRead()
        defer { transaction.abort() }
        var found: [KeptStatement] = []
        var next: [UInt8] = []
        while let (key, stored) = try transaction.first(atOrAfter: next, in: statements) {
            let bytes = stored.dropFirst(4)
            guard let id = Digest(bytes: key), stored.count >= 4,
                stored.bigEndian32(at: 0) == Self.checksum(id, bytes)
            else { throw .corrupt(path: path, reason: "a statement that is kept does not match its checksum") }
            found.append(KeptStatement(id: id, bytes: Array(bytes)))
            next = key + [0]
        }
        return found
    }

    private static func checksum(_ id: Digest, _ bytes: ArraySlice<UInt8>) -> UInt32 {
        CRC32C.checksum(id.bytes + bytes)
    }
}
