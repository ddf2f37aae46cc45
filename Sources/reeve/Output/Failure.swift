import ArgumentParser
import Cedar
import Foundation
import HTTPAPI
import JSON

/// How a command that fails says so, to people or, with `--json`, to programs.
struct Failure {
    let error: any Error
    let command: any ParsableCommand.Type
    let arguments: [String]

    init(_ error: any Error, of command: any ParsableCommand.Type, _ arguments: [String]) {
        self.error = error
        self.command = command
        self.arguments = arguments
    }

    func exit() -> Never {
        let code = command.exitCode(for: error)
        guard !code.isSuccess, !(error is ExitCode) else { command.exit(withError: error) }
        Console.progress(isForPrograms ? json.serializedText : text)
        Foundation.exit(code.rawValue)
    }

    private var isForPrograms: Bool { arguments.prefix { $0 != "--" }.contains("--json") }

    /// For people; what was wrong with a value is followed by what would be right.
    var text: String {
        let full = command.fullMessage(for: error)
        guard let hint else { return full }
        let end = full.firstIndex(of: "\n") ?? full.endIndex
        return "\(full[..<end])\n  \(hint)\(full[end...])"
    }

    /// `{"error": {"code": …, "message": …}}`, with `node` and `advice` where there are any.
    var json: JSONValue {
        let members: [JSONMember] =
            switch error {
            case let error as APIError:
                [
                    JSONMember(name: "code", value: .string(error.code)),
                    JSONMember(name: "node", value: .string(error.node)),
                    JSONMember(name: "message", value: .string(error.detail)),
                    JSONMember(name: "advice", value: error.advice.json),
                ]
            case let error as CommandError:
                [
                    JSONMember(name: "code", value: "failed"), JSONMember(name: "place", value: error.place.json),
                    JSONMember(name: "message", value: .string(error.what)),
                    JSONMember(name: "advice", value: error.advice.json),
                ]
            default:
                [
                    JSONMember(name: "code", value: isWrongUsage ? "usage" : "failed"),
                    JSONMember(name: "message", value: .string(isWrongUsage ? message : "\(error)")),
                    JSONMember(name: "advice", value: (isWrongUsage ? hint : nil).json),
                ]
            }
        return ["error": .object(members.filter { !$0.value.isNull })]
    }

    private var isWrongUsage: Bool { command.exitCode(for: error) == .validationFailure }
    private var message: String { command.message(for: error) }

    private var hint: String? { isWrongUsage ? form ?? subcommand : nil }

    /// What a value that was refused should look like, by what the help calls it.
    private var form: String? {
        guard let found = message.firstMatch(of: /is invalid for '(?:(--?[^ ]+) )?<([^>]+)>'/)?.output else {
            return nil
        }
        let option = found.1.flatMap { Self.forms[String($0)] }
        return option ?? Self.forms[String(found.2)]
    }

    private static let principal =
        "write KIND/NAME, with one of the kinds agent, service, user and workflow; a name alone is an agent"
    private static let forms = [
        "duration": "write a whole number with its unit: 500ms, 5s, 5m, 5h or 5d",
        "time": "write a time in UTC (2026-11-28T10:00:00Z), a date (2026-11-28), or a length of time (8h)",
        "--max-changed": "write it with its sign: 5% or 0.5%",
        "kind/name": principal,
        "subject": principal + "; or token/ID",
        "resource": #"write Type::"id", such as 'Database::"ledger"'"#,
        RingArgument.grammar: "write labels that the nodes have, such as ring=canary,zone=eu-1, or all",
        LabelArgument.grammar:
            "write KEY=VALUE; a key begins with a lower-case letter, and has those, digits and . _ - /",
        "change": "write KEY=VALUE to set a label, or KEY- to take it off; keys are of lower-case letters",
        "action=duration": "write an action and a whole number with its unit, such as read=5s",
        "name=value": "write NAME=VALUE",
        NodeArgument.grammar: "write one host and three different ports, such as n1=10.0.0.1:7401,7402,7403",
    ]

    /// The command that a misspelt one was perhaps to be.
    private var subcommand: String? {
        guard let word = message.firstMatch(of: /nexpected arguments?:? '([^']+)'/)?.output.1 else { return nil }
        var current: any ParsableCommand.Type = Reeve.self
        var path = "reeve"
        for argument in arguments {
            guard let next = current.configuration.subcommands.first(where: { $0._commandName == argument }) else {
                break
            }
            current = next
            path += " " + argument
        }
        let names = current.configuration.subcommands.map { $0._commandName }
        return Suggestion.closest(to: String(word), among: names).map { "did you mean `\(path) \($0)`?" }
    }
}

extension JSONValue {
    fileprivate var serializedText: String { String(decoding: serialized(), as: UTF8.self) }
}
