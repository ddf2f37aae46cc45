import Foundation

/// A file that a command is given to read.
enum InputFile {
    /// - Parameter path: `-` is standard input.
    static func data(_ path: String, atMost maxBytes: Int) throws -> Data {
        guard let handle = path == "-" ? FileHandle.standardInput : try open(path),
            let data = try? handle.read(upToCount: maxBytes + 1) ?? Data()
        else { throw CommandError("cannot be read", at: path) }
        guard data.count <= maxBytes else { throw CommandError("is larger than \(maxBytes >> 20) MiB", at: path) }
        return data
    }

    private static func open(_ path: String) throws -> FileHandle? {
        guard let isFolder = isFolder(path) else { throw CommandError("there is no such file", at: path) }
        guard !isFolder else { throw CommandError("is a folder, not a file", at: path) }
        return FileHandle(forReadingAtPath: path)
    }

    /// Nil where there is nothing of that name.
    static func isFolder(_ path: String) -> Bool? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        // A link is what it points to.
        let file = URL(filePath: path).resolvingSymlinksInPath()
        return (try? file.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
    }
}
