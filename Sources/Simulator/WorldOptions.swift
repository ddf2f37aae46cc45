package import Directory
package import Replica

/// Everything that a run depends on.
package struct WorldOptions: Sendable {
    package var seed: UInt64
    package var scenario: Scenario
    package let codec: any DirectoryCodec
    /// What the run follows instead of drawing from its seed.
    package var schedule: Schedule?
    /// Whether the choices of the run are kept, which costs some time and memory.
    package var recordsChoices = false
    /// How many of the newest events are kept for people.
    package var traceLines = 400
    /// Whether messages and states are kept for a picture of the run.
    package var recordsMessages = false
    /// How many messages are kept at least.
    package var recordedMessages = 100_000
    /// Lets a test change what a node asks of its shell, to see that the checkers notice.
    package var intercept: Intercept?

    package typealias Intercept = @Sendable (_ node: Int, _ effects: inout [ReplicaNode.Effect]) -> Void

    package init(seed: UInt64, scenario: Scenario = Scenario(), codec: any DirectoryCodec, intercept: Intercept? = nil)
    {
        self.seed = seed
        self.scenario = scenario
        self.codec = codec
        self.intercept = intercept
    }
}
