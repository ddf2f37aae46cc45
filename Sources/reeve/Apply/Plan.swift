import Directory
import HTTPAPI
import JSON

/// What `apply` is going to do, one step for each declaration, in the order in which it does them.
struct Plan: Sendable {
    enum Change: Hashable, Sendable {
        case create
        /// Fields that differ.
        case update([String])
        /// The text is there as this version, which is not in force.
        case activate(version: Int64)
        case unchanged
    }

    struct Step: Sendable {
        let declaration: Declaration
        let change: Change
        /// Last change of the object as it was compared; nil where there is none.
        let revision: String?
    }

    let steps: [Step]

    var isEmpty: Bool { changes.isEmpty }
    var changes: [Step] { steps.filter { $0.change != .unchanged } }

    /// Such as `3 to create, 1 to update, 20 unchanged`.
    var summary: String {
        "\(creations) to create, \(changes.count - creations) to update, \(steps.count - changes.count) unchanged"
    }

    /// The same, when it is done.
    var outcome: String {
        "\(creations) created, \(changes.count - creations) updated, \(steps.count - changes.count) unchanged"
    }

    private var creations: Int { steps.count { $0.change == .create } }

    /// What is said where a step failed, and those before it were carried out.
    func interrupted(after done: Int, by error: any Error) -> CommandError {
        CommandError(
            "\(error)",
            advice: "\(done) of \(changes.count) changes \(done == 1 ? "was" : "were") made; "
                + "run it again after you have corrected this"
        )
    }

    /// Without what stays as it is.
    var table: Table {
        var table = Table("change", "object", "what")
        for step in steps where step.change != .unchanged {
            table.add(step.change.verb, step.declaration.name, step.change.detail)
        }
        return table
    }

    var json: JSONValue {
        .array(
            steps.map { step in
                [
                    "object": .string(step.declaration.name), "change": .string(step.change.verb),
                    "detail": .string(step.change.detail), "place": .string(step.declaration.place),
                ]
            }
        )
    }
}

extension Plan.Change {
    var verb: String {
        switch self {
        case .create: "create"
        case .update: "update"
        case .activate: "activate"
        case .unchanged: "unchanged"
        }
    }

    var detail: String {
        switch self {
        case .create, .unchanged: ""
        case .update(let fields): fields.joined(separator: ", ")
        case .activate(let version): "version \(version)"
        }
    }

    /// Compares a declared object with the server's answer.
    init(declared: DirectoryObject, stored: JSONValue) throws(FieldError) {
        var reader = try ObjectReader(stored)
        let members: (declared: [JSONMember], stored: [JSONMember]) =
            switch declared {
            case .principal(let spec): (spec.members, try PrincipalSpec(spec.id, reading: &reader).members)
            case .role(let spec): (spec.members, try RoleSpec(spec.name, reading: &reader).members)
            case .assignment(let spec): (spec.members, try AssignmentSpec(spec.id, reading: &reader).members)
            case .resource(let spec): (spec.members, try ResourceSpec(spec.id, reading: &reader).members)
            }
        let fields = zip(members.declared, members.stored).filter { $0.value != $1.value }.map { $0.0.name }
        self = fields.isEmpty ? .unchanged : .update(fields)
    }
}
