import ArgumentParser
import Directory
import JSON

/// Options that every command on objects has.
struct CommonOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
}

/// What may stand before a write.
struct WriteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only if the object's last change was at this revision.", valueName: "revision"))
    var ifRevision: UInt64?

    @Flag(help: "Only if the object does not exist yet.")
    var new = false

    func validate() throws {
        guard ifRevision == nil || !new else { throw ValidationError("Give --if-revision or --new, not both.") }
    }

    var headers: [(String, String)] {
        if new { return [("If-None-Match", "*")] }
        return ifRevision.map { [("If-Match", "\"\($0)\"")] } ?? []
    }
}

extension CommonOptions {
    func put(_ path: String, _ body: JSONValue, _ write: WriteOptions, _ sentence: String) async throws {
        try await connection.withClient { client in
            let request = ClusterClient.Request(method: .put, path: path, headers: write.headers, body: body)
            do { output.written(try await client.send(request), sentence) } catch let error as APIError
                where error.code == RefusalCode.preconditionFailed.rawValue && write.new
            {
                let name = error.detail.split(separator: ": ").last.map { String($0) }
                throw CommandError("exists already, and --new was given", at: name)
            }
        }
    }

    func post(_ path: String, _ body: JSONValue, _ sentence: String) async throws {
        try await connection.withClient { client in
            output.written(try await client.send(.init(method: .post, path: path, body: body)), sentence)
        }
    }

    /// Likewise, what makes a statement, whose id leads to it later.
    func state(_ path: String, _ body: JSONValue, _ sentence: String) async throws {
        try await connection.withClient { client in
            let reply = try await client.send(.init(method: .post, path: path, body: body))
            output.written(reply, sentence)
            if !output.json, let id = reply.body["id"]?.stringValue { Console.line("statement \(id)") }
        }
    }

    func get(_ path: String, _ read: ReadOptions) async throws {
        try await connection.withClient { client in
            output.object(try await client.send(.init(path: path + ClusterClient.query(read.query))).body)
        }
    }

    /// - Parameters:
    ///   - owner: What has the items, which must be there where there are none.
    ///   - areInOrder: Of two items the earlier one; nil for the order of the answer.
    func list(
        _ path: String,
        _ query: [(String, String)],
        _ list: ListOptions,
        _ columns: [Column],
        of owner: String? = nil,
        areInOrder: ((JSONValue, JSONValue) -> Bool)? = nil
    ) async throws {
        var query = query + list.read.query
        if !list.prefix.isEmpty { query.append(("prefix", list.prefix)) }
        try await connection.withClient { client in
            let (wanted, isAtEnd) = list.limit.addingReportingOverflow(1)
            var items = try await client.list(path, query: query, limit: isAtEnd ? list.limit : wanted)
            if items.isEmpty, let owner { _ = try await client.send(.init(path: owner)) }
            let hasMore = items.count > list.limit
            items = Array(items.prefix(list.limit))
            output.list(areInOrder.map { items.sorted(by: $0) } ?? items, columns)
            if hasMore, !output.json { Console.progress("there are more; --limit N shows more of them") }
        }
    }

    func delete(_ path: String, _ write: DeleteOptions, _ sentence: String) async throws {
        try await connection.withClient { client in
            let headers = write.ifRevision.map { [("If-Match", "\"\($0)\"")] } ?? []
            output.written(try await client.send(.init(method: .delete, path: path, headers: headers)), sentence)
        }
    }
}

struct ReadOptions: ParsableArguments {
    @Flag(help: "Show what reflects every write acknowledged so far, as a quorum confirms.")
    var linearizable = false

    var query: [(String, String)] { linearizable ? [("consistency", "linearizable")] : [] }
}

struct ListOptions: ParsableArguments {
    @Option(help: "Only names with this prefix.")
    var prefix = ""

    @Option(help: "Show at most this many.")
    var limit = 1000

    @OptionGroup var read: ReadOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    }
}

struct DeleteOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only if the object's last change was at this revision.", valueName: "revision"))
    var ifRevision: UInt64?
}
