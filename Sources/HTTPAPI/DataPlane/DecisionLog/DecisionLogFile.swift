internal import Glibc

/// Why the decision log cannot be read or written.
package struct DecisionLogError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    /// Of the operating system.
    package let code: Int32

    package var description: String {
        "decision log: cannot \(operation) \(path): \(unsafe String(cString: strerror(code)))"
    }

    /// With the error of the system call that has just failed.
    static func last(_ operation: String, _ path: String) -> DecisionLogError {
        DecisionLogError(operation: operation, path: path, code: errno)
    }
}

/// One file of the decision log, open for appending.
struct DecisionLogFile: ~Copyable {
    let number: UInt64
    private(set) var byteCount: Int
    private let path: String
    private let descriptor: Int32
    /// Whether the file may end in the middle of a line.
    private var isTorn = false

    private static let prefix = "decisions-"
    private static let suffix = ".jsonl"

    init(directory: String, number: UInt64) throws(DecisionLogError) {
        let path = Self.path(number, in: directory)
        let descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("open", path) }
        self.number = number
        self.path = path
        self.descriptor = descriptor
        self.byteCount = Int(lseek(descriptor, 0, SEEK_END))
        self.isTorn = byteCount > 0 && Self.lastByte(of: descriptor, at: byteCount) != UInt8(ascii: "\n")
    }

    deinit { close(descriptor) }

    /// Appends lines whole: after an error the file is cut back to where it was.
    mutating func append(_ lines: [UInt8]) throws(DecisionLogError) {
        if isTorn {
            try write([UInt8(ascii: "\n")])
            // What is to be cut back to begins after the torn line, of which nobody knows how much there is.
            byteCount = Int(lseek(descriptor, 0, SEEK_END))
            isTorn = false
        }
        do throws(DecisionLogError) { try write(lines) } catch {
            if ftruncate(descriptor, off_t(byteCount)) != 0 { isTorn = true }
            throw error
        }
        byteCount += lines.count
    }

    /// Whether the file has been deleted by name while it is open.
    var isRemoved: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) != 0 || status.st_nlink == 0
    }

    private func write(_ bytes: [UInt8]) throws(DecisionLogError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .last("write", path)
            }
        }
    }

    private static func lastByte(of descriptor: Int32, at end: Int) -> UInt8? {
        var byte: UInt8 = 0
        return unsafe pread(descriptor, &byte, 1, off_t(end - 1)) == 1 ? byte : nil
    }
}

extension DecisionLogFile {
    static func path(_ number: UInt64, in directory: String) -> String {
        let digits = String(number)
        return "\(directory)/\(prefix)\(String(repeating: "0", count: max(0, 20 - digits.count)))\(digits)\(suffix)"
    }

    /// Numbers of the files that are there, sorted. Other names are none of ours and left alone.
    static func numbers(in directory: String) throws(DecisionLogError) -> [UInt64] {
        guard let handle = unsafe opendir(directory) else { throw .last("read", directory) }
        defer { unsafe closedir(handle) }
        var numbers: [UInt64] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name.hasPrefix(prefix), name.hasSuffix(suffix),
                let number = UInt64(name.dropFirst(prefix.count).dropLast(suffix.count))
            else { continue }
            numbers.append(number)
        }
        return numbers.sorted()
    }

    static func remove(_ number: UInt64, in directory: String) { unsafe unlink(path(number, in: directory)) }

    /// With the directories above it.
    static func createDirectory(_ directory: String) throws(DecisionLogError) {
        var path = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path += part.isEmpty && path.isEmpty ? "/" : "\(part)/"
            guard !part.isEmpty else { continue }
            guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .last("create", directory) }
        }
    }
}
