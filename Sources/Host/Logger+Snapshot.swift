import Decision
import Logging

extension Logger {
    /// Says once what keeps a node from deciding, or has it decide by other policies than the rest.
    func report(_ snapshot: DecisionSnapshot, after before: DecisionSnapshot?) {
        if let damage = snapshot.damage, before?.damage != damage {
            error("the state cannot be read whole: every decision denies", metadata: ["reason": "\(damage)"])
        } else if snapshot.damage == nil, before?.damage != nil {
            notice("the state can be read whole again")
        }
        for unread in snapshot.unreadPolicies where before?.unreadPolicies.contains(unread) != true {
            error(
                "policies cannot be read by this program: decisions go by the version before",
                metadata: [
                    "set": "\(unread.set)", "version": "\(unread.version)", "in_force": "\(unread.inForce)",
                    "reason": "\(unread.reason)",
                ]
            )
        }
        let sets = snapshot.unreadPolicies.map(\.set)
        for earlier in before?.unreadPolicies ?? [] where !sets.contains(earlier.set) {
            notice("policies are those of the cluster again", metadata: ["set": "\(earlier.set)"])
        }
    }
}
