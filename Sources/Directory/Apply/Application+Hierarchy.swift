internal import Identity
internal import Kernel

/// Checks of what refers to what.
extension Application {
    /// Refuses parents from which the node could be reached again, or that stand at the end of too long a chain.
    ///
    /// What may come about below is looked at as follows.
    /// - Cycles: each has an edge that was put last, from a node to a parent that was there already. The search upwards from
    ///   that node comes back to it, so no cycle is ever closed, in whatever order nodes are put.
    /// - Depth and the count of ancestors: of the node that is put alone. Those of what hangs below it grow with its own, and a
    ///   hierarchy that is built from below can get deeper than `hierarchyDepth`. To look there would cost what hangs below:
    ///   a folder may have a million files. What the bounds are for holds without: this search ends at `ancestors`, and a
    ///   decision that asks about an entity with more than `Cedar.Ancestors.maxCount` denies. What has got too deep can be
    ///   changed, but not be given other parents that are too deep.
    func checkAncestry<Node: Hashable & CustomStringConvertible>(
        of node: Node,
        parents: [Node],
        depth limit: Int = Limits.hierarchyDepth,
        parentsOf: (Node) throws(DirectoryError) -> [Node]
    ) throws(DirectoryError) {
        var seen: Set<Node> = []
        var level = parents
        var depth = 0
        while !level.isEmpty {
            depth += 1
            guard depth <= limit else { throw .refused(.tooDeep, node.description) }
            var next: [Node] = []
            for ancestor in level where seen.insert(ancestor).inserted {
                guard ancestor != node else { throw .refused(.cycle, node.description) }
                guard seen.count <= Limits.ancestors else { throw .refused(.tooDeep, node.description) }
                next += try parentsOf(ancestor)
            }
            level = next
        }
    }

    /// Refuses a reference to a principal that is not there or is revoked.
    func checkReference(_ principal: PrincipalID) throws(DirectoryError) {
        guard try read({ view throws(StateDamage) in try view.principal(principal) }) != nil else {
            throw .refused(.unknownReference, principal.description)
        }
        try checkNotRevoked(.principal(principal))
    }

    func checkNotRevoked(_ subject: RevocationSubject) throws(DirectoryError) {
        let status = try read { view throws(StateDamage) in try view.status(subject) }
        guard status != .revoked else { throw .refused(.revoked, subject.description) }
    }

    /// Refuses to remove what other objects refer to.
    func checkUnused(_ indexes: Key...) throws(DirectoryError) {
        let names = indexes.flatMap(names(under:))
        guard names.isEmpty else {
            throw .refused(CommandResult.Refusal(.inUse, Array(names.prefix(Limits.refusalNames))))
        }
    }

    func checkText(_ text: String, _ name: String) throws(DirectoryError) {
        guard text.utf8.count <= Limits.textByteCount else { throw .refused(.tooLarge, name) }
    }

    func check(_ isValid: Bool, _ name: String) throws(DirectoryError) {
        guard isValid else { throw .refused(.invalid, name) }
    }
}
