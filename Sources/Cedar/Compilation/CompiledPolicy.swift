/// A policy in the form that decides fast, beside the one that says what it means.
package final class CompiledPolicy: Sendable {
    // What a decision reads of a policy that counts comes first, so that it is in few lines of memory.
    package let isForbid: Bool
    let actions: ActionTest
    let resource: ScopeTest
    let principal: ScopeTest
    let code: PolicyCode
    package let policy: Policy
    /// Where its set keeps it, and every copy of that set that has it.
    let place: UInt32
    private let nameHead: NameHead

    init(_ policy: Policy, at place: UInt32, code: PolicyCode) {
        self.policy = policy
        self.place = place
        nameHead = NameHead(policy.id.text)
        isForbid = policy.effect == .forbid
        principal = ScopeTest(policy.scope.principal)
        actions = ActionTest(policy.scope.action)
        resource = ScopeTest(policy.scope.resource)
        self.code = code
    }

    /// The same under another name.
    init(_ other: CompiledPolicy, renamed policy: Policy) {
        self.policy = policy
        place = other.place
        nameHead = NameHead(policy.id.text)
        isForbid = other.isForbid
        principal = other.principal
        actions = other.actions
        resource = other.resource
        code = other.code
    }

    /// By name.
    func precedes(_ other: CompiledPolicy) -> Bool {
        nameHead == other.nameHead ? policy.id < other.policy.id : nameHead < other.nameHead
    }

    /// Stands where there is no policy.
    static let none = CompiledPolicy(
        Policy(
            id: "",
            annotations: [],
            effect: .forbid,
            scope: Scope(principal: .any, action: .memberOfAny([]), resource: .any),
            conditions: [],
            position: .start,
            range: .none,
            template: nil
        ),
        at: CodeTable.vacant,
        code: PolicyCompiler.compile([])
    )

    /// A template, or a policy that names no action at all.
    var matchesNothing: Bool {
        principal.kind == .nothing || resource.kind == .nothing
            || (actions.kind == .memberOfAny && actions.uids.isEmpty)
    }
}

/// What a search reads of a policy, in one line of memory: names by their codes alone.
// Safe: the policy that it points to is immutable, and is held by the set that this is in, which is held by whoever reads it.
@safe struct PolicyEntry: @unchecked Sendable {
    let principalKind: ScopeTest.Kind
    let actionKind: ActionTest.Kind
    let resourceKind: ScopeTest.Kind
    /// Of the entity that the scope names, or else of the type. Nothing where it names none.
    let principal: Int
    let action: Int
    let resource: Int
    private let reference: Unmanaged<CompiledPolicy>
    let code: Code

    init(_ policy: CompiledPolicy) {
        principalKind = policy.principal.kind
        actionKind = policy.actions.kind
        resourceKind = policy.resource.kind
        principal = policy.principal.code
        action = policy.actions.uid.code
        resource = policy.resource.code
        unsafe reference = Unmanaged.passUnretained(policy)
        code = Code(policy.code)
    }

    var policy: CompiledPolicy { unsafe reference.takeUnretainedValue() }

    @safe struct Code: Equatable {
        private let shape: Unmanaged<PolicyShape>
        private let constants: UnsafePointer<Value>

        init(_ code: PolicyCode) {
            unsafe shape = Unmanaged.passUnretained(code.shape)
            unsafe constants = code.constants.base
        }

        var places: CodePlaces { unsafe shape._withUnsafeGuaranteedRef { unsafe $0.places(constants: constants) } }

        /// Whether both are the code of the same conditions.
        static func == (lhs: Code, rhs: Code) -> Bool {
            unsafe lhs.constants == rhs.constants && lhs.shape.toOpaque() == rhs.shape.toOpaque()
        }
    }
}

/// The first sixteen bytes of a name, in whose order most names are already: to sort reasons by them is to compare numbers.
private struct NameHead: Comparable, Sendable {
    private let first: UInt64
    private let second: UInt64

    /// A name that ends earlier has zeros there, which no byte precedes.
    init(_ text: String) {
        var words: [UInt64] = [0, 0]
        for (place, byte) in text.utf8.prefix(16).enumerated() {
            words[place / 8] |= UInt64(byte) << UInt64(56 - place % 8 * 8)
        }
        (first, second) = (words[0], words[1])
    }

    static func < (lhs: NameHead, rhs: NameHead) -> Bool {
        lhs.first == rhs.first ? lhs.second < rhs.second : lhs.first < rhs.first
    }
}

/// What a scope asks of the principal or the resource.
struct ScopeTest: Sendable {
    enum Kind: UInt8 {
        case any, equal, memberOf, isType, isTypeIn, nothing

        var hasEntity: Bool { self == .equal || self == .memberOf || self == .isTypeIn }
    }

    /// Where the kind has an entity.
    var uid = EntityUID(type: "", id: "")
    let kind: Kind
    /// Where the kind has a type.
    var type: EntityTypeName = ""

    /// Of the entity that it names, or else of the type.
    var code: Int { kind == .isType ? type.code : uid.code }

    init(_ constraint: EntityConstraint) {
        switch constraint {
        case .any: kind = .any
        case .equal(.entity(let uid)): (kind, self.uid) = (.equal, uid)
        case .memberOf(.entity(let uid)): (kind, self.uid) = (.memberOf, uid)
        case .isType(let type): (kind, self.type) = (.isType, type)
        case .isTypeIn(let type, .entity(let uid)): (kind, self.type, self.uid) = (.isTypeIn, type, uid)
        case .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): kind = .nothing
        }
    }
}

/// What a scope asks of the action.
struct ActionTest: Sendable {
    enum Kind: UInt8 {
        case any, equal, memberOf, memberOfAny
    }

    /// Where the kind has one.
    var uid = EntityUID(type: "", id: "")
    let kind: Kind
    /// Where the kind has several: each once.
    var uids: ContiguousArray<EntityUID> = []

    init(_ constraint: ActionConstraint) {
        switch constraint {
        case .any: kind = .any
        case .equal(let uid): (kind, self.uid) = (.equal, uid)
        case .memberOf(let uid): (kind, self.uid) = (.memberOf, uid)
        case .memberOfAny(let groups):
            var known: Set<EntityUID> = []
            let groups = ContiguousArray(groups.filter { known.insert($0).inserted })
            if groups.count == 1 { (kind, uid) = (.memberOf, groups[0]) } else { (kind, uids) = (.memberOfAny, groups) }
        }
    }
}
