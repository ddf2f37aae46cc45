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
    let constants: FixedBuffer<Value>

    init(_ shape: PolicyShape, _ constants: ContiguousArray<Value>) {
        self.shape = shape
        self.constants = FixedBuffer(constants)
    }

    /// The same with an equal shape that others have as well.
    init(_ code: PolicyCode, sharing shape: PolicyShape) {
        self.shape = shape
        constants = FixedBuffer((0..<code.constants.count).map { code.constants[$0] })
    }

    /// Good for as long as the code is held.
    var places: CodePlaces { unsafe shape.places(constants: constants.base) }
}

/// Code but for its constants. Of many policies it is often the same one.
///
/// Whoever gets to the end has satisfied all conditions; where one does not hold, the code goes to a place beyond.
final class PolicyShape: Hashable, Sendable {
    private let instructions: FixedBuffer<Instruction>
    private let paths: FixedBuffer<Path>
    private let names: FixedBuffer<AttributeName>
    private let types: FixedBuffer<EntityTypeName>
    private let patterns: FixedBuffer<Pattern>
    private let registerCount: Int

    struct Tables {
        var paths: ContiguousArray<Path> = []
        var names: ContiguousArray<AttributeName> = []
        var types: ContiguousArray<EntityTypeName> = []
        var patterns: ContiguousArray<Pattern> = []
    }

    init(_ instructions: ContiguousArray<Instruction>, _ tables: Tables, registerCount: Int) {
        self.instructions = FixedBuffer(instructions)
        paths = FixedBuffer(tables.paths)
        names = FixedBuffer(tables.names)
        types = FixedBuffer(tables.types)
        patterns = FixedBuffer(tables.patterns)
        self.registerCount = registerCount
    }

    static func == (lhs: PolicyShape, rhs: PolicyShape) -> Bool {
        lhs === rhs
            || lhs.instructions.hasSameElements(as: rhs.instructions) && lhs.paths.hasSameElements(as: rhs.paths)
                && lhs.names.hasSameElements(as: rhs.names) && lhs.types.hasSameElements(as: rhs.types)
                && lhs.patterns.hasSameElements(as: rhs.patterns)
    }

    func hash(into hasher: inout Hasher) {
        instructions.hash(into: &hasher)
        paths.hash(into: &hasher)
        names.hash(into: &hasher)
        types.hash(into: &hasher)
        patterns.hash(into: &hasher)
    }

    func places(constants: UnsafePointer<Value>) -> CodePlaces {
        unsafe CodePlaces(
            instructions: instructions.base,
            instructionCount: instructions.count,
            paths: paths.base,
            names: names.base,
            types: types.base,
            patterns: patterns.base,
            constants: constants,
            registerCount: registerCount
        )
    }
}

/// Where the parts of a policy's code are, while somebody holds it. The compiler made every number in it a place that is there.
// Safe: the buffers that it points into are not written after their initializer, and whoever uses it holds their owner.
@safe struct CodePlaces: @unchecked Sendable {
    let instructions: UnsafePointer<Instruction>
    let instructionCount: Int
    let paths: UnsafePointer<Path>
    let names: UnsafePointer<AttributeName>
    let types: UnsafePointer<EntityTypeName>
    let patterns: UnsafePointer<Pattern>
    let constants: UnsafePointer<Value>
    let registerCount: Int

    /// Of no policy; there is nothing to run.
    static let none = PolicyCode.none.places
}

extension PolicyCode {
    /// For ever.
    fileprivate static let none = PolicyCode(PolicyShape([], PolicyShape.Tables(), registerCount: 0), [])
}
