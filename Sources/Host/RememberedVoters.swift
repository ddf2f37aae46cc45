import Keys
import Logging
import Replica
import Wire

/// What voters have said of who votes, in a file of the data directory. Without it a node that restarts asks again.
struct RememberedVoters: Sendable {
    private let path: String
    private let logger: Logger
    private static let limit = 1 << 20

    init(in directory: String, logger: Logger) {
        path = "\(directory)/voters"
        self.logger = logger
    }

    /// Nothing where there is no file, or none that can be read.
    func load() -> [VotersWord] {
        do { return try PeerCodec.decodeWords(try KeyFiles.read(path, limit: Self.limit)) } catch {
            if let error = error as? KeysError, error.problem == .missing { return [] }
            logger.warning(
                "what other voters said of who votes cannot be read, and is asked for again",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
            return []
        }
    }

    func save(_ words: [VotersWord]) {
        let bytes = PeerCodec.encode(words)
        do throws(KeysError) {
            do throws(KeysError) { try KeyFiles.create(path, mode: 0o600, bytes: bytes) } catch {
                guard error.problem == .alreadyExists else { throw error }
                try KeyFiles.replace(path, bytes: bytes)
            }
        } catch {
            logger.warning(
                "what other voters said of who votes is not kept",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
        }
    }
}
