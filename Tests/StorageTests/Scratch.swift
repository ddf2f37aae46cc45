import Glibc
import Storage
import Testing

/// A directory that is gone with the value.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/reeve-storage-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template) != nil
        try #require(made, "no directory for the test")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Scratch.remove(path) }

    private static func remove(_ path: String) {
        for name in names(path) {
            let child = path + "/" + name
            if unsafe unlink(child) != 0 { remove(child) }
        }
        unsafe rmdir(path)
    }

    static func names(_ path: String) -> [String] {
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { buffer in
                unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Changes stored records as a failing disk would, below what the stores check.
    static func tamper(
        _ environment: String,
        table: String,
        _ body: (LMDBTransaction, LMDBTable) throws -> Void
    ) throws {
        let environment = try LMDBEnvironment(path: environment, options: .init(durability: .everyCommit))
        let table = try environment.table(table)
        let transaction = try environment.beginWrite()
        try body(transaction, table)
        try transaction.commit()
    }
}

extension Scratch {
    /// Cuts a file; with nothing kept, fills it with what is no database.
    static func damageFile(_ path: String, keeping count: Int) throws {
        let descriptor = unsafe open(path, O_RDWR)
        try #require(descriptor >= 0)
        defer { _ = close(descriptor) }
        #expect(ftruncate(descriptor, count) == 0)
        guard count == 0 else { return }
        let bytes = [UInt8](repeating: 0x5A, count: 65_536)
        #expect(unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }
}
