internal import CLMDB

/// A view of an environment at one moment, and in a write transaction the changes to it.
///
/// Not `Sendable`: one thread at a time, and a write transaction only the thread that began it. Whatever it returns is
/// a copy, so nothing points into the map when it has ended. Ends by itself, without a commit, when it is released.
@safe package final class LMDBTransaction {
    private let environment: LMDBEnvironment
    /// Nil once ended.
    private var handle: OpaquePointer?
    private let isWritable: Bool
    /// Kept for reads in sequence. Only of read transactions: in a write transaction each seek opens its own and closes
    /// it before the next change, so that no cursor has to follow changes made beside it.
    private var readCursor: (table: LMDBTable, cursor: OpaquePointer)?

    init(environment: LMDBEnvironment, handle: OpaquePointer, isWritable: Bool) {
        self.environment = environment
        unsafe self.handle = unsafe handle
        self.isWritable = isWritable
    }

    deinit { abort() }

    package typealias Pair = (key: [UInt8], value: [UInt8])

    package func value(for key: [UInt8], in table: LMDBTable) throws(StorageError) -> [UInt8]? {
        guard isUsable(key) else { return nil }
        let transaction = unsafe try open()
        var found = unsafe MDB_val()
        let code = unsafe withValue(key) { unsafe mdb_get(transaction, table.number, &$0, &found) }
        return try result(code, "get") { unsafe copy(found) }
    }

    /// The size of a value, without a copy of it.
    package func valueByteCount(for key: [UInt8], in table: LMDBTable) throws(StorageError) -> Int? {
        guard isUsable(key) else { return nil }
        let transaction = unsafe try open()
        var found = unsafe MDB_val()
        let code = unsafe withValue(key) { unsafe mdb_get(transaction, table.number, &$0, &found) }
        return try result(code, "get") { unsafe found.mv_size }
    }

    /// The first pair at or after the key, nil at the end. An empty key asks for the very first.
    package func first(atOrAfter key: [UInt8], in table: LMDBTable) throws(StorageError) -> Pair? {
        var key = key
        if key.count > environment.maxKeyBytes {
            // No stored key is as long: what sorts at or after it sorts after its longest possible prefix.
            key.removeLast(key.count - environment.maxKeyBytes)
            while key.last == .max { key.removeLast() }
            guard let last = key.popLast() else { return nil }
            key.append(last + 1)
        }
        return try seek(key.isEmpty ? MDB_FIRST : MDB_SET_RANGE, key, in: table)
    }

    package func last(in table: LMDBTable) throws(StorageError) -> Pair? { try seek(MDB_LAST, [], in: table) }

    /// With `appending` the key must sort after all others of the table, which saves the search and fills pages.
    package func put(
        _ value: [UInt8],
        for key: [UInt8],
        in table: LMDBTable,
        appending: Bool = false
    ) throws(StorageError) {
        guard !key.isEmpty else { throw .misuse("a key must not be empty") }
        guard isUsable(key) else { throw .keyTooLong(byteCount: key.count, limit: environment.maxKeyBytes) }
        let transaction = unsafe try open()
        let flags = appending ? UInt32(MDB_APPEND) : 0
        let code = unsafe withValue(key) { key in
            unsafe withValue(value) { unsafe mdb_put(transaction, table.number, &key, &$0, flags) }
        }
        guard code != MDB_KEYEXIST else { throw .misuse("appended a key that is not the last") }
        guard code == MDB_SUCCESS else { throw environment.error(code, "put") }
    }

    /// False when there was no such key.
    @discardableResult
    package func remove(_ key: [UInt8], in table: LMDBTable) throws(StorageError) -> Bool {
        guard isUsable(key) else { return false }
        let transaction = unsafe try open()
        let code = unsafe withValue(key) { unsafe mdb_del(transaction, table.number, &$0, nil) }
        return try result(code, "remove") { true } ?? false
    }

    package func removeAll(in table: LMDBTable) throws(StorageError) {
        let code = unsafe mdb_drop(try open(), table.number, 0)
        guard code == MDB_SUCCESS else { throw environment.error(code, "drop") }
    }

    /// Bytes of the pages that hold the tables and LMDB's own trees. Free pages do not count.
    package func usedBytes(of tables: [LMDBTable]) throws(StorageError) -> UInt64 {
        let transaction = unsafe try open()
        // 0 is the tree of free pages, 1 that of names; besides there are two meta pages.
        var pages: UInt64 = 2
        for number in [0, 1] + tables.map(\.number) {
            var statistics = MDB_stat()
            let code = unsafe mdb_stat(transaction, number, &statistics)
            guard code == MDB_SUCCESS else { throw environment.error(code, "stat") }
            pages += UInt64(
                statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages
            )
        }
        return pages * environment.pageBytes
    }

    func openTable(_ name: String) throws(StorageError) -> LMDBTable {
        var number: UInt32 = 0
        let code = unsafe mdb_dbi_open(try open(), name, UInt32(MDB_CREATE), &number)
        guard code == MDB_SUCCESS else { throw environment.error(code, "open table") }
        return LMDBTable(number: number)
    }

    /// Ends the transaction, whether it succeeds or not. What durable then means is the environment's choice.
    package func commit() throws(StorageError) {
        let transaction = unsafe try open()
        closeReadCursor()
        unsafe handle = nil
        let code = unsafe mdb_txn_commit(transaction)
        guard code == MDB_SUCCESS else { throw environment.commitError(code) }
    }

    /// Ends the transaction without a trace.
    package func abort() {
        guard let transaction = unsafe handle else { return }
        closeReadCursor()
        unsafe handle = nil
        unsafe mdb_txn_abort(transaction)
    }

    private func open() throws(StorageError) -> OpaquePointer {
        guard let handle = unsafe handle else { throw .misuse("used a transaction that has ended") }
        return unsafe handle
    }

    private func isUsable(_ key: [UInt8]) -> Bool { !key.isEmpty && key.count <= environment.maxKeyBytes }

    private func result<Value>(
        _ code: Int32,
        _ operation: String,
        _ value: () -> Value
    ) throws(StorageError) -> Value? {
        switch code {
        case MDB_SUCCESS: return value()
        case MDB_NOTFOUND: return nil
        default: throw environment.error(code, operation)
        }
    }
}

extension LMDBTransaction {
    private func seek(
        _ operation: MDB_cursor_op,
        _ key: [UInt8],
        in table: LMDBTable
    ) throws(StorageError) -> Pair? {
        let cursor = unsafe try openCursor(table)
        defer { unsafe closeUnlessKept(cursor) }
        var position = unsafe MDB_val()
        var found = unsafe MDB_val()
        let code = unsafe withValue(key) { key in
            unsafe position = key
            return unsafe mdb_cursor_get(cursor, &position, &found, operation)
        }
        return try result(code, "seek") { (unsafe copy(position), unsafe copy(found)) }
    }

    private func openCursor(_ table: LMDBTable) throws(StorageError) -> OpaquePointer {
        if let kept = unsafe readCursor, unsafe kept.table == table { return unsafe kept.cursor }
        var opened: OpaquePointer?
        let code = unsafe mdb_cursor_open(try open(), table.number, &opened)
        guard code == MDB_SUCCESS, let cursor = unsafe opened else { throw environment.error(code, "open cursor") }
        if !isWritable {
            closeReadCursor()
            unsafe readCursor = (table, cursor)
        }
        return unsafe cursor
    }

    private func closeUnlessKept(_ cursor: OpaquePointer) {
        if isWritable { unsafe mdb_cursor_close(cursor) }
    }

    private func closeReadCursor() {
        guard let kept = unsafe readCursor else { return }
        unsafe readCursor = nil
        unsafe mdb_cursor_close(kept.cursor)
    }
}

/// Lends the bytes to LMDB, which reads them before the call returns.
private func withValue<Result>(_ bytes: [UInt8], _ body: (inout MDB_val) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
        var value = unsafe MDB_val(
            mv_size: buffer.count,
            mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress)
        )
        return unsafe body(&value)
    }
}

/// Takes bytes out of the map, where they stay only until the next change or the end of the transaction.
private func copy(_ value: MDB_val) -> [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
}
