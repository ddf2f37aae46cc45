package import Cedar
package import Directory
internal import Kernel

extension DecisionSnapshot {
    /// Of entities and policies as they were recorded somewhere, in the form in which a node holds those of its directory.
    ///
    /// For measurements: a directory says less of what may be in what.
    package init(recorded entities: some Sequence<Entity>, policies: [ActivePolicySet]) {
        self.init()
        parts[0].revision = LogIndex(1)
        parts[0].lineage = Lineage(high: 0, low: 1)
        for entity in entities { put(EntityFacts(recorded: entity), for: entity.uid) }
        for set in policies { put(set, for: set.name) }
    }
}
