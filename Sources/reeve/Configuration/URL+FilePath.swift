import Foundation

extension URL {
    /// The path as the system takes it: a space is one, and not `%20`.
    var filePath: String { path(percentEncoded: false) }
}
