import ArgumentParser
import Directory
import JSON

/// `KEY=VALUE`.
struct LabelArgument: ExpressibleByArgument {
    let entry: Labels.Entry

    static let grammar = "key=value"
    static let help = "Mark the node, such as zone=eu-1: what may be lost at once. Repeatable."

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        entry = Labels.Entry(String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
        guard Grammar.isLabelKey(entry.key), Grammar.isLabelValue(entry.value) else { return nil }
    }
}

extension [LabelArgument] {
    func checkDistinct() throws { try Self.checkDistinct(map(\.entry.key)) }

    /// - Throws: `ValidationError` where a key is given twice, of which none could be said to count.
    static func checkDistinct(_ keys: [String]) throws {
        guard Set(keys).count == keys.count else { throw ValidationError("Give each label once.") }
    }

    var json: JSONValue { .object(map { JSONMember(name: $0.entry.key, value: .string($0.entry.value)) }) }
}

struct ClusterLabel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Mark a member or an edge with labels, or take some off.",
        discussion: """
            A node has at most \(Limits.labels) labels. Keys begin with a letter; keys are of lower-case letters, digits and \
            . _ - /, values of letters, digits and . _ -, each at most \(Limits.labelByteCount) characters.

            Reeve itself reads `zone`: what may be lost at once, such as a region. Each node keeps links to nodes of other zones.

            Examples:
              reeve cluster label e1 zone=eu-1 ring=canary
              reeve cluster label e1 ring-
            """
    )

    @Argument(help: "Name of the node.")
    var name: String
    @Argument(help: ArgumentHelp("Labels: KEY=VALUE sets one, KEY- takes it off.", valueName: "change"))
    var changes: [Change]
    @OptionGroup var common: CommonOptions

    func validate() throws { try [LabelArgument].checkDistinct(changes.map(\.key)) }

    enum Change: ExpressibleByArgument {
        case set(LabelArgument)
        case remove(String)

        var key: String {
            switch self {
            case .set(let label): label.entry.key
            case .remove(let key): key
            }
        }

        init?(argument: String) {
            if let label = LabelArgument(argument: argument) {
                self = .set(label)
            } else if argument.hasSuffix("-"), Grammar.isLabelKey(String(argument.dropLast())) {
                self = .remove(String(argument.dropLast()))
            } else {
                return nil
            }
        }
    }

    func run() async throws {
        let set = changes.compactMap { if case .set(let label) = $0 { label } else { nil } }
        let removed = changes.compactMap { if case .remove(let key) = $0 { key } else { nil } }
        try await common.connection.withClient { client in
            let reply = try await client.send(
                .init(
                    method: .post,
                    path: "/v1/members/\(ClusterClient.segment(name))/labels",
                    body: ["set": set.json, "remove": .array(removed.map { .string($0) })]
                )
            )
            common.output.written(reply, "\(name) is labelled")
        }
    }
}
