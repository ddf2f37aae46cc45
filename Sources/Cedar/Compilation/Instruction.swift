/// What an instruction reads. The places are those of its policy's tables.
enum Operand: Hashable, Sendable {
    case constant(UInt32)
    case register(UInt32)
    case path(UInt32)
}

/// A variable of the request, or an attribute that is reached from one: `context.session.user`.
struct Path: Hashable, Sendable {
    let root: Variable
    let names: NameRange
}

/// Consecutive names of a policy's table.
struct NameRange: Hashable, Sendable {
    let start: UInt32
    let count: UInt32

    var end: Int { Int(start) + Int(count) }
}

/// What is done where, with the steps that it is charged for.
///
/// An error has no form of its own here: the code of a policy ends at one, and what it is the tree-walking evaluator says,
/// which then looks at that policy again.
struct Instruction: Hashable, Sendable {
    enum Operation: Hashable, Sendable {
        /// Goes to an instruction where the test comes out so, and else to the next.
        case branch(Test, when: Bool, to: UInt32)
        case compute(Computation, into: UInt32)
        case jump(to: UInt32)
        case fail
        /// Charges steps and no more.
        case charge
    }

    let operation: Operation
    let cost: UInt32
}

extension Instruction {
    enum Test: Hashable, Sendable {
        case isTrue(Operand)
        case equal(Operand, Operand)
        case less(Operand, Operand)
        case membership(Operand, Operand)
        case isType(Operand, type: UInt32)
        case has(Operand, NameRange)
        case like(Operand, pattern: UInt32)
        case contains(SetTest, Operand, Operand)
        case isEmpty(Operand)
        case hasTag(Operand, Operand)
        /// A function with a bool for its result.
        case call(ExtensionFunction, Operand, Operand)
    }

    enum Computation: Hashable, Sendable {
        case move(Operand)
        case attribute(Operand, name: UInt32)
        case getTag(Operand, Operand)
        case negate(Operand)
        case arithmetic(Arithmetic, Operand, Operand)
        case call(ExtensionFunction, Operand, Operand)
        /// Of consecutive registers.
        case set(first: UInt32, count: UInt32)
        case record(first: UInt32, NameRange)
    }

    enum Arithmetic: Hashable, Sendable {
        case add, subtract, multiply
    }
}

/// The conditions of a policy, one after the other: a shape, and the constants that it has here.
final class PolicyCode: Sendable {
    let shape: PolicyShape
    let constants: ContiguousArray<Value>

    init(_ shape: PolicyShape, _ constants: ContiguousArray<Value>) {
        self.shape = shape
        self.constants = constants
    }
}

/// Code but for its constants. Of many policies it is often the same one.
///
/// Whoever gets to the end has satisfied all conditions; where one does not hold, the code goes to a place beyond.
final class PolicyShape: Hashable, Sendable {
    let instructions: ContiguousArray<Instruction>
    let tables: Tables
    let registerCount: Int
    /// Whether it names the action, and so may look at what is known of it.
    let readsAction: Bool

    struct Tables: Hashable, Sendable {
        var paths: ContiguousArray<Path> = []
        var names: ContiguousArray<AttributeName> = []
        var types: ContiguousArray<EntityTypeName> = []
        var patterns: ContiguousArray<Pattern> = []

        /// Nil for an operand that is more than a variable.
        func variable(_ operand: Operand) -> Variable? {
            guard case .path(let place) = operand, paths[Int(place)].names.count == 0 else { return nil }
            return paths[Int(place)].root
        }
    }

    init(_ instructions: ContiguousArray<Instruction>, _ tables: Tables, registerCount: Int) {
        self.instructions = instructions
        self.tables = tables
        self.registerCount = registerCount
        readsAction = tables.paths.contains { $0.root == .action }
    }

    static func == (lhs: PolicyShape, rhs: PolicyShape) -> Bool {
        lhs === rhs || lhs.instructions == rhs.instructions && lhs.tables == rhs.tables
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(instructions)
        hasher.combine(tables)
    }
}
