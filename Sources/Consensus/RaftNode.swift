/// Placeholder of the core's type, replaced by the first real step.
package struct RaftNode: Sendable {}
