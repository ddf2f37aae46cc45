import ArgumentParser
import Simulator

/// What a simulation comes to, as an exit code.
enum SimulationExit {
    static let safety = ExitCode(10)
    static let liveness = ExitCode(11)
    static let crash: Int32 = 12
    static let nonDeterminism = ExitCode(13)

    static let explanation = """
        Exit codes: 0 all passed; 1 an error; 64 wrong usage; 10 a safety invariant was violated; 11 the cluster did not \
        recover in time; 12 the node's own code stopped itself; 13 the same run came out otherwise the second time; 130 interrupted.
        """

    static func code(_ violation: Violation) -> ExitCode { violation.invariant.isLiveness ? liveness : safety }

    /// The class of a failure, as JSON reports have it.
    static func name(_ violation: Violation) -> String { violation.invariant.isLiveness ? "liveness" : "safety" }

    /// The graver of two: what is wrong in every run before what shows in one, safety before liveness.
    static func worse(_ one: ExitCode, _ other: ExitCode) -> ExitCode {
        let order = [nonDeterminism, safety, liveness, .success]
        return order.first { $0 == one || $0 == other } ?? .failure
    }
}
