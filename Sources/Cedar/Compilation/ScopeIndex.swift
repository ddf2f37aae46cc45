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
        /// Of the policies here or below.
        fileprivate(set) var count: UInt32 = 0
        fileprivate(set) var isDivided = false
        /// Whether it has branches for types. Once it has had some, this stays.
        fileprivate(set) var hasTypes = false
        /// And for entities that others may be in.
        fileprivate(set) var hasGroups = false
        /// A bit for each 32nd of all codes: whether it has had a branch for an entity with one of those.
        fileprivate(set) var entityCodes: UInt32 = 0
        /// The branch for those that leave the level open.
        fileprivate(set) var open = CodeTable.vacant
        /// Its policies, while it is not divided: two are in the node itself, and seldom are there more. A place is vacant
        /// only where those behind it are.
        fileprivate(set) var first = Item.none
        fileprivate(set) var second = Item.none
        /// The first of the cells with the others.
        fileprivate(set) var cell = CodeTable.vacant

        /// False where there is none without a look at the branches, which are elsewhere in memory.
        fileprivate func mayHaveBranch(entity code: Int) -> Bool { entityCodes & Self.bit(code) != 0 }

        /// By the first bits: the table of branches goes by the last.
        fileprivate static func bit(_ code: Int) -> UInt32 { 1 << UInt32(UInt(bitPattern: code) >> 59) }
    }

    /// A policy in the list of a node.
    struct Item {
        fileprivate(set) var policy: UInt32
        /// Half of the code of the one resource that the policy is for: most policies that are not for the request are passed
        /// over here. 0 where there is not one.
        fileprivate var resource: UInt32 = 0

        fileprivate static let none = Item(policy: CodeTable.vacant)

        fileprivate var isNone: Bool { policy == CodeTable.vacant }

        func mayAdmit(resource code: Int) -> Bool {
            (resource == 0 || resource == UInt32(truncatingIfNeeded: code)) && !isNone
        }
    }

    /// A link of a list of policies.
    struct Cell {
        fileprivate(set) var item: Item
        fileprivate(set) var next: UInt32
    }

    private(set) var nodes: ContiguousArray<Node> = [Node()]
    private(set) var cells: ContiguousArray<Cell> = []
    private var branches = CodeTable()
    private var freeNodes: ContiguousArray<UInt32> = []
    private var freeCells: ContiguousArray<UInt32> = []

    static let root: UInt32 = 0
    /// So many are tested one by one sooner than looked up.
    private static let fewCount = 2

    func branch(_ node: UInt32, entity code: Int) -> UInt32? {
        nodes[Int(node)].mayHaveBranch(entity: code) ? branches.first(code, of: node * 2) : nil
    }

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
        let test = policies[Int(policy)].resource
        let resource = test.kind == .equal ? UInt32(truncatingIfNeeded: test.uid.code) : 0
        push(Item(policy: policy, resource: resource), to: node)
        if level != .none, nodes[Int(node)].count > Self.fewCount { divide(node, level, policies) }
    }

    private mutating func divide(_ node: UInt32, _ level: Level, _ policies: ContiguousArray<CompiledPolicy>) {
        nodes[Int(node)].isDivided = true
        while !nodes[Int(node)].first.isNone {
            let policy = nodes[Int(node)].first.policy
            unlink(policy, from: node)
            addBelow(policy, node, level, policies)
        }
    }

    private mutating func push(_ item: Item, to node: UInt32) {
        if nodes[Int(node)].first.isNone {
            nodes[Int(node)].first = item
        } else if nodes[Int(node)].second.isNone {
            nodes[Int(node)].second = item
        } else {
            let cell = freeCells.popLast() ?? UInt32(cells.count)
            let filled = Cell(item: item, next: nodes[Int(node)].cell)
            if cell == cells.count { cells.append(filled) } else { cells[Int(cell)] = filled }
            nodes[Int(node)].cell = cell
        }
    }

    /// Takes one out of the cells.
    private mutating func pop(from node: UInt32) -> Item {
        let cell = nodes[Int(node)].cell
        guard cell != CodeTable.vacant else { return .none }
        nodes[Int(node)].cell = cells[Int(cell)].next
        freeCells.append(cell)
        return cells[Int(cell)].item
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

    /// What comes into its place is one of the cells', of which the first goes.
    private mutating func unlink(_ policy: UInt32, from node: UInt32) {
        if nodes[Int(node)].first.policy == policy {
            nodes[Int(node)].first = nodes[Int(node)].second
            nodes[Int(node)].second = pop(from: node)
        } else if nodes[Int(node)].second.policy == policy {
            nodes[Int(node)].second = pop(from: node)
        } else {
            var cell = nodes[Int(node)].cell
            while cell != CodeTable.vacant, cells[Int(cell)].item.policy != policy { cell = cells[Int(cell)].next }
            guard cell != CodeTable.vacant else { return }
            cells[Int(cell)].item = cells[Int(nodes[Int(node)].cell)].item
            _ = pop(from: node)
        }
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
            nodes[Int(node)].entityCodes |= Node.bit(code)
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
