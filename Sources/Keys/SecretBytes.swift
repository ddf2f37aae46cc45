internal import COpenSSL

/// Bytes that must not be shown, wiped when the last reference goes.
///
/// Its text and its mirror are constant, so that no log line, error or debugger dump made from a value that holds one
/// shows it. Who reads the bytes makes no copy that outlives `withBytes`.
@safe
package final class SecretBytes: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Written only in init and by the closure of init(capacity:), both before anybody else has the reference.
    nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer
    package let count: Int

    package init(_ bytes: some Collection<UInt8>) {
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        unsafe storage.copyBytes(from: bytes)
        unsafe self.storage = storage
        self.count = bytes.count
    }

    /// `fill` writes into a buffer of `capacity` bytes and returns how many of them count.
    init(capacity: Int, fill: (UnsafeMutableRawBufferPointer) -> Int) {
        let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, capacity), alignment: 1)
        unsafe storage.initializeMemory(as: UInt8.self, repeating: 0)
        self.count = unsafe min(max(0, fill(storage)), capacity)
        unsafe self.storage = storage
    }

    deinit {
        unsafe OPENSSL_cleanse(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(storage).prefix(count)))
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
