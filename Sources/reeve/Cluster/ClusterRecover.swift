import ArgumentParser
import Consensus
import Directory
import Foundation
import HTTPAPI
import Host
import JSON
import Kernel
import Replica
import Service
import Storage
import Wire

struct ClusterRecover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "After the loss of a majority for ever: let one surviving node go on alone.",
        discussion: """
            Run it on a voter that is stopped, where the other voters will never come back. Without --accept-data-loss it says \
            what would be lost and changes nothing. Choose the survivor whose log is longest. Others join it anew, by \
            `reeve cluster add`; a voter of before that comes back all the same is refused.
            """
    )

    @Option(help: ArgumentHelp("Configuration of the surviving node.", valueName: "file"))
    var config: String
    @Flag(help: "Go on although acknowledged writes may be lost.")
    var acceptDataLoss = false
    @Flag(help: "Start with every principal quarantined, since revocations may be lost too.")
    var quarantine = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let node = try StoppedNode(configuration: NodeConfiguration.load(config))
        if try node.data.finishInterrupted() {
            return Console.line("finished what an earlier run had begun; start the node")
        }
        let plan = try Plan(node)
        if !output.json { Console.print(plan.text) }
        guard acceptDataLoss else {
            if output.json { Console.json(.object(plan.json)) }
            throw CommandError(
                "nothing was changed",
                at: node.configuration.dataDirectory,
                advice: "repeat with --accept-data-loss once you are sure that the other voters are gone for ever"
            )
        }
        try plan.rollForward(node)
        let point = try node.data.directory.state.applied()
        let reason = "recovered by \(node.configuration.name) alone"
        let restoration = Restoration(voters: [plan.member], quarantinesPrincipals: quarantine, reason: reason)
        let next = point.restarted(
            after: LogPosition(term: max(plan.term, point.position.term), index: point.position.index),
            time: .now,
            voters: [plan.member.spec.id],
            reason: reason
        )
        let outcome = try node.data.restore(restoration, at: next)
        if output.json {
            return Console.json(
                .object(
                    plan.json + [
                        JSONMember(name: "revision", value: .integer(Int64(next.position.index.number))),
                        JSONMember(name: "former_members", value: .integer(Int64(outcome.formerMembers))),
                        JSONMember(
                            name: "quarantined_principals",
                            value: .integer(Int64(outcome.quarantinedPrincipals))
                        ),
                    ]
                )
            )
        }
        Console.line(
            """
            \(node.configuration.name) goes on alone from revision \(next.position.index.number); \
            \(outcome.formerMembers) member(s) removed, \(outcome.quarantinedPrincipals) principal(s) quarantined.
            Start it, and add others with `reeve cluster add`.
            """
        )
    }

    /// What the node has, and so what it may lack.
    private struct Plan {
        let member: MemberRecord
        let term: Term
        let committed: LogIndex
        let applied: SnapshotPoint
        let entries: [Entry]

        init(_ node: StoppedNode) throws {
            applied = try node.data.directory.state.applied()
            _ = try node.data.directory.log.cutDamagedTail(after: applied, isOnlyVoter: true)
            let log = try node.data.directory.log.restore(applied: applied, windowBytes: 0)
            let first = applied.position.index.next
            entries = log.entries.filter { $0.index >= first }
            term = max(log.hardState.term, log.entries.last?.term ?? applied.position.term)
            committed = max(log.hardState.commitIndex, applied.position.index)
            let id = node.configuration.member
            let found = try node.data.directory.state.read { view in
                Result { try DirectoryView(view, codec: ProtobufCodec()).member(id) }
            }
            guard let member = try found.get(), member.isVoter else {
                throw CommandError("is no voter by its own state", at: node.configuration.name)
            }
            self.member = member
        }

        var last: LogIndex { entries.last?.index ?? applied.position.index }

        var json: [JSONMember] {
            [
                JSONMember(name: "last_entry", value: .integer(Int64(last.number))),
                JSONMember(name: "last_entry_time", value: (entries.last?.time ?? applied.time).json),
                JSONMember(name: "known_committed", value: .integer(Int64(committed.number))),
            ]
        }

        var text: String {
            let time = (entries.last?.time ?? applied.time).rfc3339
            return """
                This node's log ends at entry \(last.number), of \(time).
                Known to be committed: up to \(committed.number). What follows is kept: it may have been acknowledged.
                Lost: every write that was acknowledged after entry \(last.number), revocations among them.
                Compare with the other survivors: the one with the highest last entry loses least.

                """
        }

        /// Applies what the log has beyond the state.
        func rollForward(_ node: StoppedNode) throws {
            var applier = Replica.Applier(codec: ProtobufCodec())
            let log = node.data.directory.log
            var rest = entries[...]
            while !rest.isEmpty {
                let batch = rest.prefix(1000)
                rest = rest.dropFirst(batch.count)
                let blocked = try node.data.directory.state.update {
                    transaction,
                    point -> (String?, applied: SnapshotPoint?) in
                    switch applier.apply(batch, after: point.knowingVoters(from: log), to: &transaction) {
                    case .done(let done): return (nil, done.point)
                    case .blocked(_, let reason): return (reason, nil)
                    }
                }
                if let blocked { throw CommandError("the log cannot be applied: \(blocked)") }
            }
        }
    }
}
