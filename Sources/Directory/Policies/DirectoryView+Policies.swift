internal import Kernel

extension DirectoryView {
    /// The active version of a set, parsed; nil when none is active.
    ///
    /// - Parameter earlier: A version from which this one may differ little, so that less has to be read.
    package func activePolicies(_ name: String, after earlier: ActivePolicySet? = nil) throws(StateDamage)
        -> ActivePolicySet?
    {
        guard let set = try policySet(name), let version = set.activeVersion else { return nil }
        guard let record = try policyVersion(name, version) else {
            throw StateDamage(key: Key(.policySet).text(name).bytes, reason: "the active version is not there")
        }
        return try parsed(record, after: earlier)
    }

    /// Versions that were in force and are not, the one that was last before those before it.
    package func supersededVersions(of name: String) throws(StateDamage) -> [PolicyVersionRecord] {
        var (found, cursor): ([PolicyVersionRecord], ListCursor?) = ([], nil)
        repeat {
            let page = try policyVersions(of: name, ListRequest(after: cursor, limit: ListRequest.maximumLimit))
            found += page.items.filter { $0.state == .superseded }
            cursor = page.next
        } while cursor != nil
        // What a record's last change was is that it was superseded.
        return found.sorted { $0.metadata.revision > $1.metadata.revision }
    }

    /// Parses a text that parsed when it was drafted.
    package func parsed(
        _ record: PolicyVersionRecord,
        after earlier: ActivePolicySet? = nil
    ) throws(StateDamage) -> ActivePolicySet {
        do {
            return try ActivePolicySet(
                name: record.set,
                version: record.version,
                text: record.text,
                after: earlier
            )
        } catch {
            let key = StoredRecord.policyVersion(record).key
            throw StateDamage(key: key, reason: "the policies do not parse any more")
        }
    }
}
