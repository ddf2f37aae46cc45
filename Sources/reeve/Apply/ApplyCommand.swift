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
    @Flag(help: "Show the difference and change nothing.")
    var dryRun = false
    @Flag(help: "Put no policies in force of which one can never apply, or may fail when a decision is made.")
    var strict = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let declarations = try DeclarationFiles.load(file)
        try await common.connection.withClient { client in
            let applier = Applier(client: client, isStrict: strict)
            let plan = try await Progress.run("comparing \(declarations.count) objects") {
                try await applier.plan(declarations)
            }
            if !common.output.json, !plan.isEmpty { Console.print(plan.table.text) }
            if !dryRun { try await apply(plan, with: applier) }
            if common.output.json {
                Console.json(["steps": plan.json, "applied": .bool(!dryRun)])
            } else {
                Console.line(dryRun || plan.isEmpty ? plan.summary : "done: \(plan.summary)")
            }
        }
    }

    private func apply(_ plan: Plan, with applier: Applier) async throws {
        let steps = plan.steps.filter { $0.change != .unchanged }
        try await Progress.run("applying \(steps.count) changes") {
            for step in steps { try await applier.apply(step) }
        }
    }
}
