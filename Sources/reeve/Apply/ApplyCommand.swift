import ArgumentParser
import JSON

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring the cluster to what YAML files declare.",
        discussion: """
            Compares every declared object with the cluster, shows the difference and makes it. What is not declared is \
            left alone; nothing is ever deleted. A second run changes nothing.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("A YAML file, or a folder with such files.", valueName: "path"))
    var file: String
    @Flag(help: "Show the difference and what is wrong with it, and change nothing.")
    var dryRun = false
    @Flag(help: "Put no policies in force of which one can never apply, or may fail when a decision is made.")
    var strict = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let declarations = try DeclarationFiles.load(file)
        try await common.connection.withClient { client in
            let applier = Applier(client: client, isStrict: strict)
            let plan = try await Progress.run("comparing \(declarations.count) objects") {
                let plan = try await applier.plan(declarations)
                try await applier.check(plan)
                return plan
            }
            let review = try PlanReview(plan, isStrict: strict)
            if !common.output.json, !plan.isEmpty { Console.print(plan.table.text) }
            // Those that are drafted are warned of by the node.
            if dryRun { for warning in review.warnings { Console.progress(warning) } }
            let (done, failure) = dryRun ? (0, nil) : await apply(plan, with: applier)
            if common.output.json {
                var members: [JSONMember] = [
                    JSONMember(name: "steps", value: plan.json),
                    JSONMember(name: "applied", value: .bool(!dryRun && failure == nil)),
                    JSONMember(name: "done", value: .integer(Int64(done))),
                ]
                if let failure { members.append(JSONMember(name: "error", value: .string("\(failure)"))) }
                Console.json(.object(members))
                if failure != nil { throw ExitCode.failure }
            }
            if let failure { throw plan.interrupted(after: done, by: failure) }
            if !common.output.json { Console.line(dryRun || plan.isEmpty ? plan.summary : "done: \(plan.outcome)") }
        }
    }

    /// How many changes were made, and what ended it before the last one.
    private func apply(_ plan: Plan, with applier: Applier) async -> (done: Int, failure: (any Error)?) {
        let steps = plan.changes
        return await Progress.run("applying \(steps.count) changes") {
            for (done, step) in steps.enumerated() {
                do { try await applier.apply(step) } catch { return (done, error) }
            }
            return (steps.count, nil)
        }
    }
}
