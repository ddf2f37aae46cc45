import Foundation
import HTTPAPI
import JSON
import Kernel
import Keys
import Logging

/// What one node is told by its configuration file. `docs/reference/configuration.md` describes each field.
struct NodeConfiguration: Hashable, Sendable {
    var name: String
    var member: MemberID
    var role = Role.member
    /// All paths are absolute, or relative to the working directory.
    var genesisFile: String
    /// For a node that joined: what it was told then.
    var introductionFile: String?
    var dataDirectory: String
    var listen: Listen
    var tls: TLSFiles
    var limits = Limits()
    var timers = Timers()
    var log = LogOutput()
    var decisionLog: DecisionLog

    enum Role: String, Hashable, Sendable, CaseIterable {
        /// A voter, or a learner that may become one.
        case member
        case edge
    }

    struct Listen: Hashable, Sendable {
        var raft: HostPort
        var admin: HostPort
        var decisions: HostPort
    }

    struct TLSFiles: Hashable, Sendable {
        var files: NodeCredentials.Files
        /// Unlocks an encrypted key; nil for a key in clear.
        var passphraseFile: String?
        /// Development only: accepts a key in clear.
        var allowPlainKey: Bool
        /// By which this node issues certificates to others; nil for a node that issues none.
        var issuer: IssuerFiles?
        /// For how many days the certificates that it issues count.
        var issuedDays: UInt32 = 90
        /// From how many days before the end of the certificate status and metrics warn.
        var warnDays: UInt32 = 30
    }

    struct IssuerFiles: Hashable, Sendable {
        var certificate: String
        var key: String
    }

    /// Past a limit of bytes writes are refused; nothing that is stored is lost.
    struct Limits: Hashable, Sendable {
        var maxLogBytes: UInt64 = 4 << 30
        var maxStateBytes: UInt64 = 4 << 30
        var maxPendingRequests: UInt32 = 10_000
        /// Applied entries kept for followers that lag.
        var keptEntries: UInt64 = 50_000
        var compactionStep: UInt64 = 100_000
    }

    struct Timers: Hashable, Sendable {
        var heartbeat = Span.milliseconds(100)
        /// At least; the actual one is drawn between this and twice this.
        var election = Span.milliseconds(1000)
    }

    struct LogOutput: Hashable, Sendable {
        enum Format: String, Hashable, Sendable, CaseIterable { case text, json }

        var level = Logger.Level.info
        var format = Format.text
    }

    struct DecisionLog: Hashable, Sendable {
        var directory: String
        var maxFileBytes: UInt64 = 64 << 20
        var maxFiles: UInt32 = 16
        /// A decision that could not be logged within this is a deny.
        var patience = Span.seconds(1)
    }
}

extension NodeConfiguration {
    /// Reads and checks a file; what it names is not opened.
    ///
    /// - Throws: `CommandError` with file, line and column.
    static func load(_ path: String) throws -> NodeConfiguration {
        let documents = try YAMLDocument.load(path)
        guard documents.count == 1, let document = documents.first else {
            throw CommandError("must hold one YAML document, not \(documents.count)", at: path)
        }
        return try parse(document, folder: URL(filePath: path).deletingLastPathComponent().filePath)
    }

    static func parse(_ document: YAMLDocument, folder: String) throws -> NodeConfiguration {
        try document.read { value in try NodeConfiguration(value, folder: folder) }
    }

    private init(_ value: JSONValue, folder: String) throws(FieldError) {
        let files = ConfigurationFolder(path: folder)
        var reader = try ObjectReader(value)
        var node = try reader.object("node")
        name = try node.string("name")
        member = try node.member()
        role = try node.optionalChoice("role", Role.self) ?? role
        try node.finish()
        genesisFile = files.resolve(try reader.string("genesis"))
        introductionFile = try reader.optionalString("introduction").map(files.resolve)
        dataDirectory = files.resolve(try reader.string("data"))
        listen = try Listen(reader.object("listen"))
        tls = try TLSFiles(reader.object("tls"), files: files)
        limits =
            try reader.optionalObject("limits").map { section throws(FieldError) in try Limits(section) } ?? Limits()
        timers =
            try reader.optionalObject("timers").map { section throws(FieldError) in try Timers(section) } ?? Timers()
        log =
            try reader.optionalObject("log").map { section throws(FieldError) in try LogOutput(section) } ?? LogOutput()
        let standard = files.resolve("decisions")
        decisionLog =
            try reader.optionalObject("decision_log").map { section throws(FieldError) in
                try DecisionLog(section, files: files, standard: standard)
            } ?? DecisionLog(directory: standard)
        try reader.finish()
    }
}

/// Paths in a file are relative to the folder that holds it, so that the folder can be moved as a whole.
struct ConfigurationFolder: Sendable {
    let path: String

    func resolve(_ file: String) -> String {
        file.hasPrefix("/") ? file : URL(filePath: path).appending(path: file).filePath
    }
}

extension ObjectReader {
    fileprivate mutating func member() throws(FieldError) -> MemberID {
        let text = try string("member")
        guard let uuid = UUIDText.parse(text) else {
            throw FieldError(path.member("member"), "must be a UUID, such as 8f14e45f-ceea-467f-a9d2-33a1b9c2f0aa")
        }
        let incarnation = try optionalInteger("incarnation", in: 1...UInt32.max) ?? 1
        return MemberID(high: uuid.high, low: uuid.low, incarnation: incarnation)
    }

    fileprivate mutating func milliseconds(_ name: String, in range: ClosedRange<UInt64>) throws(FieldError) -> Span? {
        try optionalInteger(name, in: range).map { .milliseconds($0) }
    }
}

extension NodeConfiguration.Listen {
    fileprivate init(_ section: ObjectReader) throws(FieldError) {
        var reader = section
        raft = try reader.address("raft")
        admin = try reader.address("admin")
        decisions = try reader.address("decisions")
        try reader.finish()
        for (one, other, isSame) in [
            ("raft", "admin", raft == admin), ("raft", "decisions", raft == decisions),
            ("admin", "decisions", admin == decisions),
        ] where isSame { throw FieldError(reader.path.member(other), "is the same address as \(one)") }
    }
}

extension NodeConfiguration.TLSFiles {
    fileprivate init(_ section: ObjectReader, files folder: ConfigurationFolder) throws(FieldError) {
        var reader = section
        files = NodeCredentials.Files(
            certificate: folder.resolve(try reader.string("certificate")),
            key: folder.resolve(try reader.string("key")),
            roots: folder.resolve(try reader.string("roots"))
        )
        passphraseFile = try reader.optionalString("passphrase_file").map(folder.resolve)
        allowPlainKey = try reader.optionalBool("allow_plain_key") ?? false
        issuer = try Self.issuer(&reader, folder)
        issuedDays = try reader.optionalInteger("issued_days", in: 1...3650) ?? issuedDays
        warnDays = try reader.optionalInteger("warn_days", in: 0...3650) ?? warnDays
        try reader.finish()
    }
}

extension NodeConfiguration.TLSFiles {
    private static func issuer(
        _ reader: inout ObjectReader,
        _ folder: ConfigurationFolder
    ) throws(FieldError) -> NodeConfiguration.IssuerFiles? {
        let certificate = try reader.optionalString("issuer_certificate")
        let key = try reader.optionalString("issuer_key")
        if certificate == nil, key == nil { return nil }
        guard let certificate, let key else {
            throw FieldError(reader.path, "must have issuer_certificate and issuer_key, or neither")
        }
        return NodeConfiguration.IssuerFiles(certificate: folder.resolve(certificate), key: folder.resolve(key))
    }
}

extension NodeConfiguration.Limits {
    fileprivate init(_ section: ObjectReader) throws(FieldError) {
        var reader = section
        maxLogBytes = try reader.optionalInteger("max_log_bytes", in: 16 << 20...1 << 44) ?? maxLogBytes
        maxStateBytes = try reader.optionalInteger("max_state_bytes", in: 16 << 20...1 << 44) ?? maxStateBytes
        maxPendingRequests = try reader.optionalInteger("max_pending_requests", in: 1...1_000_000) ?? maxPendingRequests
        keptEntries = try reader.optionalInteger("kept_entries", in: 0...1 << 32) ?? keptEntries
        compactionStep = try reader.optionalInteger("compaction_step", in: 1...1 << 32) ?? compactionStep
        try reader.finish()
    }
}

extension NodeConfiguration.Timers {
    fileprivate init(_ section: ObjectReader) throws(FieldError) {
        var reader = section
        heartbeat = try reader.milliseconds("heartbeat_ms", in: 10...10_000) ?? heartbeat
        election = try reader.milliseconds("election_ms", in: 50...60_000) ?? election
        try reader.finish()
        // A follower must miss several heartbeats before it doubts its leader.
        guard election.microseconds >= 3 * heartbeat.microseconds else {
            throw FieldError(reader.path.member("election_ms"), "must be at least three times heartbeat_ms")
        }
    }
}

extension NodeConfiguration.LogOutput {
    fileprivate init(_ section: ObjectReader) throws(FieldError) {
        var reader = section
        level = try reader.optionalChoice("level", Logger.Level.self) ?? level
        format = try reader.optionalChoice("format", Format.self) ?? format
        try reader.finish()
    }
}

extension NodeConfiguration.DecisionLog {
    fileprivate init(_ section: ObjectReader, files: ConfigurationFolder, standard: String) throws(FieldError) {
        var reader = section
        directory = try reader.optionalString("directory").map(files.resolve) ?? standard
        maxFileBytes = try reader.optionalInteger("max_file_bytes", in: 1 << 16...1 << 40) ?? maxFileBytes
        maxFiles = try reader.optionalInteger("max_files", in: 2...10_000) ?? maxFiles
        patience = try reader.milliseconds("patience_ms", in: 1...60_000) ?? patience
        try reader.finish()
    }
}
