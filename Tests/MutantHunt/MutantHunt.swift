import ArgumentParser
import Foundation
import MutantWrappers
import Simulator
import Wire

/// Runs seeds, one after the other, until one notices what is wrong with the program that this was built from.
///
/// Prints `killed SEED INVARIANT`, or `survived`. Each seed is named on standard error when it begins, so that of a program that
/// stops itself the seed is known, too; what was noticed follows it there.
@main struct MutantHunt: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Look for the first seed that notices a mutant.")

    @Option(help: "How many seeds are tried, from 1 on.")
    var seeds: UInt64 = 2000

    @Option(help: "How many voters a cluster begins with.")
    var nodes = 3

    @Option(
        help: "Plant this between nodes and their shells: \(Mutation.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var wrapper: Mutation?

    @Flag(help: "Print the names of the wrappers and do nothing else.")
    var listWrappers = false

    func validate() throws {
        guard seeds > 0 else { throw ValidationError("--seeds must be at least 1.") }
        if let flaw = Scenario(nodeCount: nodes).flaw { throw ValidationError(flaw) }
    }

    func run() {
        if listWrappers { return Mutation.allCases.forEach { print($0.rawValue) } }
        for seed in 1...seeds {
            FileHandle.standardError.write(Data("\(seed)\n".utf8))
            let options = WorldOptions(
                seed: seed,
                scenario: Scenario(nodeCount: nodes),
                codec: RecallingCodec(ProtobufCodec()),
                intercept: wrapper?.intercept
            )
            var simulation = Simulation(options)
            guard let violation = simulation.run().violation else { continue }
            FileHandle.standardError.write(Data("\(violation)\n".utf8))
            return print("killed \(seed) \(violation.invariant.rawValue)")
        }
        print("survived")
    }
}

extension Mutation: ExpressibleByArgument {}
