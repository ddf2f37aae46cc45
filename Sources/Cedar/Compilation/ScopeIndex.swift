/// Finds the policies whose scope could match a request.
///
/// A tree over what scopes ask of the action, then the principal, then the resource. A node holds a few policies as they
/// come, and divides them by its level once they are more: by the entity that their scope names, by type, and those that
/// leave it open. Nodes are found by the codes of names alone, so what is found may be too much by chance and is never too
/// little: the scope itself has the last word. A scope cannot fail, so what is passed over has no part in a decision, its
/// errors included.
struct ScopeIndex: Sendable {
    enum Level: Int {
        case action, principal, resource, none

        var next: Level { Level(rawValue: rawValue + 1) ?? .none }
    }

    /// What a scope asks at a level.
    enum Key {
        case open
        case type(Int)
        case entity(Int, hasMembers: Bool)
    }

    struct Node {
        /// The first of its cells, while it is not divided.
        fileprivate(set) var cell = CodeTable.vacant
        /// Of the policies here or below.
        fileprivate(set) var count: UInt32 = 0
        fileprivate(set) var isDivided = false
        /// Whether it has branches for types, and for entities. Once it has had some, this stays.
        fileprivate(set) var hasTypes = false
        fileprivate(set) var hasEntities = false
        /// And for entities that others may be in.
        fileprivate(set) var hasGroups = false
        /// The branch for those that leave the level open.
        fileprivate(set) var open = CodeTable.vacant
    }

    /// A link of a list of policies.
    struct Cell {
        fileprivate(set) var policy: UInt32
        fileprivate(set) var next: UInt32
        /// Half of the code of the one resource that the policy is for: most policies that are not for the request are passed
        /// over here. 0 where there is not one.
        fileprivate var resource: UInt32

        func mayAdmit(resource code: Int) -> Bool { resource == 0 || resource == UInt32(truncatingIfNeeded: code) }
    }

    private(set) var nodes: ContiguousArray<Node> = [Node()]
    private(set) var cells: ContiguousArray<Cell> = []
    private var branches = CodeTable()
    private var freeNodes: ContiguousArray<UInt32> = []
    private var freeCells: ContiguousArray<UInt32> = []

    static let root: UInt32 = 0
    /// So many are tested one by one sooner than looked up.
    private static let fewCount = 2

    func branch(_ node: UInt32, entity code: Int) -> UInt32? { branches.first(code, of: node * 2) }
    func branch(_ node: UInt32, type code: Int) -> UInt32? { branches.first(code, of: node * 2 + 1) }

    // MARK: Changes

    mutating func add(_ policy: UInt32, in policies: ContiguousArray<CompiledPolicy>) {
        add(policy, to: Self.root, .action, policies)
    }

    mutating func remove(_ policy: UInt32, in policies: ContiguousArray<CompiledPolicy>) {
        remove(policy, from: Self.root, .action, policies)
    }

    private mutating func add(
        _ policy: UInt32,
        to node: UInt32,
        _ level: Level,
        _ policies: ContiguousArray<CompiledPolicy>
    ) {
        nodes[Int(node)].count += 1
        guard !nodes[Int(node)].isDivided else { return addBelow(policy, node, level, policies) }
        let cell = freeCells.popLast() ?? UInt32(cells.count)
        let test = policies[Int(policy)].resource
        let filled = Cell(
            policy: policy,
            next: nodes[Int(node)].cell,
            resource: test.kind == .equal ? UInt32(truncatingIfNeeded: test.uid.code) : 0
        )
        if cell == cells.count { cells.append(filled) } else { cells[Int(cell)] = filled }
        nodes[Int(node)].cell = cell
        if level != .none, nodes[Int(node)].count > Self.fewCount { divide(node, level, policies) }
    }

    private mutating func divide(_ node: UInt32, _ level: Level, _ policies: ContiguousArray<CompiledPolicy>) {
        var cell = nodes[Int(node)].cell
        nodes[Int(node)].cell = CodeTable.vacant
        nodes[Int(node)].isDivided = true
        while cell != CodeTable.vacant {
            addBelow(cells[Int(cell)].policy, node, level, policies)
            freeCells.append(cell)
            cell = cells[Int(cell)].next
        }
    }

    private mutating func addBelow(
        _ policy: UInt32,
        _ node: UInt32,
        _ level: Level,
        _ policies: ContiguousArray<CompiledPolicy>
    ) {
        for key in policies[Int(policy)].keys(at: level) {
            if case .entity(_, hasMembers: true) = key { nodes[Int(node)].hasGroups = true }
            add(policy, to: child(key, of: node) ?? makeChild(key, of: node), level.next, policies)
        }
    }

    private mutating func remove(
        _ policy: UInt32,
        from node: UInt32,
        _ level: Level,
        _ policies: ContiguousArray<CompiledPolicy>
    ) {
        nodes[Int(node)].count -= 1
        guard nodes[Int(node)].isDivided else { return unlink(policy, from: node) }
        for key in policies[Int(policy)].keys(at: level) {
            guard let child = child(key, of: node) else { continue }
            remove(policy, from: child, level.next, policies)
            if nodes[Int(child)].count == 0 { removeChild(child, key, of: node) }
        }
    }

    private mutating func unlink(_ policy: UInt32, from node: UInt32) {
        var (last, cell) = (CodeTable.vacant, nodes[Int(node)].cell)
        while cell != CodeTable.vacant, cells[Int(cell)].policy != policy {
            (last, cell) = (cell, cells[Int(cell)].next)
        }
        guard cell != CodeTable.vacant else { return }
        if last == CodeTable.vacant {
            nodes[Int(node)].cell = cells[Int(cell)].next
        } else {
            cells[Int(last)].next = cells[Int(cell)].next
        }
        freeCells.append(cell)
    }

    // MARK: Branches

    private func child(_ key: Key, of node: UInt32) -> UInt32? {
        switch key {
        case .open: nodes[Int(node)].open == CodeTable.vacant ? nil : nodes[Int(node)].open
        case .type(let code): branch(node, type: code)
        case .entity(let code, _): branch(node, entity: code)
        }
    }

    private mutating func makeChild(_ key: Key, of node: UInt32) -> UInt32 {
        let child = freeNodes.popLast() ?? UInt32(nodes.count)
        if child == nodes.count { nodes.append(Node()) }
        nodes[Int(child)] = Node()
        switch key {
        case .open: nodes[Int(node)].open = child
        case .type(let code):
            nodes[Int(node)].hasTypes = true
            branches.add(child, code, of: node * 2 + 1)
        case .entity(let code, _):
            nodes[Int(node)].hasEntities = true
            branches.add(child, code, of: node * 2)
        }
        return child
    }

    private mutating func removeChild(_ child: UInt32, _ key: Key, of node: UInt32) {
        switch key {
        case .open: nodes[Int(node)].open = CodeTable.vacant
        case .type(let code): branches.remove(child, code, of: node * 2 + 1)
        case .entity(let code, _): branches.remove(child, code, of: node * 2)
        }
        freeNodes.append(child)
    }
}

extension CompiledPolicy {
    /// Under which keys it stands at a level. Two actions may have one code: they are one key then.
    fileprivate func keys(at level: ScopeIndex.Level) -> [ScopeIndex.Key] {
        switch level {
        case .action where actions.kind == .any: [.open]
        case .action where actions.kind != .memberOfAny:
            [.entity(actions.uid.code, hasMembers: actions.kind != .equal)]
        case .action:
            actions.uids.indices
                .filter { place in !actions.uids[..<place].contains { $0.code == actions.uids[place].code } }
                .map { .entity(actions.uids[$0].code, hasMembers: true) }
        case .principal: [principal.key]
        case .resource: [resource.key]
        case .none: []
        }
    }
}

extension ScopeTest {
    fileprivate var key: ScopeIndex.Key {
        if kind.hasEntity { return .entity(uid.code, hasMembers: kind != .equal) }
        return kind == .isType ? .type(type.code) : .open
    }
}

extension EntityTypeName {
    /// The hash of the name. Differs between processes.
    var code: Int {
        var hasher = Hasher()
        hasher.combine(self)
        return hasher.finalize()
    }
}
