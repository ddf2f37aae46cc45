internal import CLMDB
internal import Glibc

/// An LMDB environment: one memory-mapped B+tree file in a directory of its own. LMDB 0.9.
///
/// A lock file keeps every other opener out, in this process too, since two environments over one file in one process
/// corrupt it. Transactions hold their environment, so it closes after the last of them.
///
/// Safe from any thread: LMDB serialises writers by a mutex in its lock file, and readers do not block. One thread must
/// not begin a write transaction while it has one open: it would wait for itself.
@safe package final class LMDBEnvironment: Sendable {
    /// What survives a crash of the system. A crash of the process loses nothing in any of them.
    package enum Durability: Hashable, Sendable {
        /// Whatever was committed.
        case everyCommit
        /// All but the last transactions; what is there is consistent. `MDB_NOMETASYNC`.
        case allButLast
        /// Nothing before `sync()`, until which the file may be inconsistent. `MDB_NOSYNC`.
        case onlySynced
    }

    package struct Options: Hashable, Sendable {
        package var durability: Durability
        /// Address space to reserve, not disk space. LMDB cannot grow it under open transactions.
        package var mapBytes: UInt64
        package var maxReaders: UInt32

        package init(durability: Durability, mapBytes: UInt64 = 64 << 30, maxReaders: UInt32 = 1024) {
            self.durability = durability
            self.mapBytes = mapBytes
            self.maxReaders = maxReaders
        }
    }

    package let path: String
    private let options: Options
    let pageBytes: UInt64
    /// The longest key that LMDB takes.
    let maxKeyBytes: Int
    /// Safe to share: LMDB locks inside. Freed in `deinit` only, when no transaction is left.
    nonisolated(unsafe) private let handle: OpaquePointer
    /// Released after the environment is closed.
    private let lock: DirectoryLock

    /// Creates the directory and the file when they are missing.
    package init(path: String, options: Options) throws(StorageError) {
        try FileSystem.create(path)
        lock = try DirectoryLock(directory: path)
        unsafe handle = try Self.open(path, options)
        self.path = path
        self.options = options
        maxKeyBytes = unsafe Int(mdb_env_get_maxkeysize(handle))
        var statistics = MDB_stat()
        unsafe mdb_env_stat(handle, &statistics)
        pageBytes = UInt64(statistics.ms_psize)
        try checkFileLength()
        try FileSystem.sync(path)
    }

    deinit { unsafe mdb_env_close(handle) }

    private static func open(_ path: String, _ options: Options) throws(StorageError) -> OpaquePointer {
        var created: OpaquePointer?
        guard unsafe mdb_env_create(&created) == MDB_SUCCESS, let environment = unsafe created else {
            throw .openFailed(path: path, reason: "out of memory")
        }
        // Without thread-local readers, a read transaction may move between threads.
        var flags = UInt32(MDB_NOTLS)
        switch options.durability {
        case .everyCommit: break
        case .allButLast: flags |= UInt32(MDB_NOMETASYNC)
        case .onlySynced: flags |= UInt32(MDB_NOSYNC)
        }
        var code = unsafe mdb_env_set_mapsize(environment, Int(clamping: options.mapBytes))
        if code == MDB_SUCCESS { code = unsafe mdb_env_set_maxreaders(environment, options.maxReaders) }
        if code == MDB_SUCCESS { code = unsafe mdb_env_set_maxdbs(environment, 8) }
        if code == MDB_SUCCESS { code = unsafe mdb_env_open(environment, path, flags, 0o600) }
        guard code == MDB_SUCCESS else {
            unsafe mdb_env_close(environment)
            throw openError(code, path)
        }
        return unsafe environment
    }

    private static func openError(_ code: Int32, _ path: String) -> StorageError {
        switch code {
        case ENOSPC, EDQUOT: .diskFull(path: path)
        case MDB_INVALID: .corrupt(path: path, reason: "data.mdb is no LMDB file")
        case MDB_VERSION_MISMATCH: .corrupt(path: path, reason: "data.mdb is of another version of LMDB")
        default: .openFailed(path: path, reason: reason(code))
        }
    }

    /// Reading a page past the end of the file would end the process with SIGBUS.
    private func checkFileLength() throws(StorageError) {
        var info = unsafe MDB_envinfo()
        unsafe mdb_env_info(handle, &info)
        let needed = unsafe UInt64(info.me_last_pgno + 1) * pageBytes
        let length = try FileSystem.fileLength(path + "/data.mdb")
        guard length >= needed else {
            throw .corrupt(path: path, reason: "data.mdb has \(length) bytes instead of \(needed)")
        }
    }

    /// Bytes of the file that the newest transaction may use. Free pages inside count; LMDB never gives them back.
    package var fileBytes: UInt64 {
        var info = unsafe MDB_envinfo()
        unsafe mdb_env_info(handle, &info)
        return unsafe UInt64(info.me_last_pgno + 1) * pageBytes
    }

    package func beginRead() throws(StorageError) -> LMDBTransaction {
        unsafe LMDBTransaction(environment: self, handle: try begin(UInt32(MDB_RDONLY)), isWritable: false)
    }

    /// Waits for the writer before. To be ended by the thread that began it.
    package func beginWrite() throws(StorageError) -> LMDBTransaction {
        unsafe LMDBTransaction(environment: self, handle: try begin(0), isWritable: true)
    }

    private func begin(_ flags: UInt32) throws(StorageError) -> OpaquePointer {
        var transaction: OpaquePointer?
        let code = unsafe mdb_txn_begin(handle, nil, flags, &transaction)
        guard code == MDB_SUCCESS, let transaction = unsafe transaction else { throw error(code, "begin") }
        return unsafe transaction
    }

    /// Opens a named table, creates it when it is missing. Before any other thread uses the environment.
    package func table(_ name: String) throws(StorageError) -> LMDBTable {
        let transaction = try beginWrite()
        let table = try transaction.openTable(name)
        try transaction.commit()
        return table
    }

    /// Whatever was committed before is durable after.
    package func sync() throws(StorageError) {
        let code = unsafe mdb_env_sync(handle, 1)
        guard code == MDB_SUCCESS else { throw .syncFailed(path: path, reason: Self.reason(code)) }
    }

    /// From `onlySynced` to `allButLast`, after a first `sync()`.
    func endBulkLoad() throws(StorageError) {
        try sync()
        let codes = unsafe [
            mdb_env_set_flags(handle, UInt32(MDB_NOMETASYNC), 1), mdb_env_set_flags(handle, UInt32(MDB_NOSYNC), 0),
        ]
        for code in codes where code != MDB_SUCCESS { throw error(code, "set flags") }
    }

    /// What a result code means.
    func error(_ code: Int32, _ operation: String) -> StorageError {
        switch code {
        case MDB_MAP_FULL: .full(path: path, limitBytes: options.mapBytes)
        case ENOSPC, EDQUOT: .diskFull(path: path)
        case EIO where isOutOfSpace: .diskFull(path: path)
        case EIO, MDB_PANIC: .syncFailed(path: path, reason: Self.reason(code))
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID: .corrupt(path: path, reason: Self.reason(code))
        default: .failed(operation: operation, path: path, reason: Self.reason(code))
        }
    }

    /// Why a commit failed. Whatever is not a plain lack of room left the disk in a state that nobody knows.
    func commitError(_ code: Int32) -> StorageError {
        switch error(code, "commit") {
        case .failed(_, let path, let reason): .syncFailed(path: path, reason: reason)
        case let error: error
        }
    }

    /// Whether an IO error stands for a full disk: LMDB reports so a write that was cut short.
    ///
    /// Taken for that only where every commit is synchronous. There all that was committed had been synced before, and the
    /// failed transaction wrote to no page that is in use, so whatever its failure left in the page cache is harmless.
    /// Elsewhere an unsynced page of an earlier transaction may be lost with it.
    private var isOutOfSpace: Bool {
        guard options.durability == .everyCommit else { return false }
        return ((try? FileSystem.availableBytes(path)) ?? .max) < 1 << 20
    }

    /// Refuses what might not fit on the disk and leave less than `reserve` there. Pages that are free inside the file
    /// count, since they are used first.
    func checkDisk(for bytes: UInt64, usedBytes: UInt64, reserve: UInt64) throws(StorageError) {
        let free = fileBytes > usedBytes ? fileBytes - usedBytes : 0
        guard free / 2 < bytes, try FileSystem.availableBytes(path) < bytes.addingSaturating(reserve) else { return }
        throw .diskFull(path: path)
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: mdb_strerror(code)) }
}

/// A named table of an environment.
package struct LMDBTable: Hashable, Sendable {
    let number: UInt32
}
