internal import Cedar
internal import Identity

/// What the policies of `reeve.admin` decide about: callers, the actions of `Reeve::Action`, what those act on, and their
/// contexts.
///
/// Principals may have attributes that only the directory knows, and so may resources, which are of any type.
extension Schema {
    /// - Parameter resourceTypes: Those that policies name, besides `ReeveTypes.resource`, which stands for all others.
    static func administration(resourceTypes: [EntityTypeName]) -> Schema {
        let types = ReeveTypes(resources: resourceTypes)
        let definitions = AdministrativeAction.all.map { action in
            ActionDefinition(
                uid: EntityUIDs.action(action.name),
                appliesTo: ActionDefinition.AppliesTo(
                    principals: ReeveTypes.callers,
                    resources: action.targets.flatMap { types.members(of: $0) }.sortedUnique(),
                    context: RecordType(action.context)
                )
            )
        }
        return Schema(entityTypes: types.definitions, actions: definitions)
    }
}

/// An action of `Reeve::Action`: what it acts on, and what its context says.
private struct AdministrativeAction {
    let name: String
    let targets: [ReeveTypes.Group]
    let context: [RecordType.Attribute]

    /// A command, whose context says whether the object is there.
    private static func command(
        _ name: String,
        on targets: ReeveTypes.Group...,
        context: [RecordType.Attribute] = []
    ) -> AdministrativeAction {
        AdministrativeAction(name: name, targets: targets, context: [.required("exists", .bool)] + context)
    }

    /// Something that leaves no command.
    private static func service(
        _ name: String,
        on target: ReeveTypes.Group,
        context: [RecordType.Attribute] = []
    ) -> AdministrativeAction {
        AdministrativeAction(name: name, targets: [target], context: context)
    }

    static let all = objects + policies + revocations + members + services

    private static let objects = [
        command("putPrincipal", on: .principal, context: [.optional("owner", .any), .optional("parent", .any)]),
        command("deletePrincipal", on: .principal),
        command("putRole", on: .role),
        command("deleteRole", on: .role),
        command(
            "putAssignment",
            on: .assignment,
            context: [
                .required("principal", .any), .required("role", .entity(EntityUIDs.role)),
                .required("notBefore", .datetime), .optional("expiresAt", .datetime),
            ]
        ),
        command("deleteAssignment", on: .assignment),
        command("putResource", on: .resource, context: [.optional("owner", .any)]),
        command("deleteResource", on: .resource),
        command(
            "issueToken",
            on: .token,
            context: [.required("principal", .any), .required("expiresAt", .datetime)]
        ),
        command("deleteToken", on: .token),
        command("putSettings", on: .cluster),
        command("addAdministrator", on: .administrator),
        command("removeAdministrator", on: .administrator),
    ]

    private static let policies = [
        command("draftPolicies", on: .policySet),
        command(
            "activatePolicies",
            on: .policySet,
            context: [.required("version", .long), .optional("rollout", .bool)]
        ),
        command("steerRollout", on: .policySet, context: [.required("act", .string)]),
        command("deletePolicySet", on: .policySet),
    ]

    private static let revocations = [
        command("revoke", on: .principal, .token, context: [.required("cascade", .bool)]),
        command(
            "quarantine",
            on: .principal,
            context: [.required("level", .string), .required("cascade", .bool)]
        ),
        command(
            "issueWarrant",
            on: .cluster,
            context: [
                .required("name", .string), .required("level", .string), .required("cascade", .bool),
                .required("expiresAt", .datetime), .required("budget", .long),
            ]
        ),
        command("withdrawWarrant", on: .cluster, context: [.required("name", .string)]),
        // Without statements it acts on the cluster.
        command("liftQuarantine", on: .principal, .token, .cluster),
    ]

    private static let members = [
        command("raiseFeatureLevel", on: .cluster),
        // Asked again when the node joins, then without name and time.
        command(
            "issueJoinTicket",
            on: .cluster,
            context: [
                .optional("name", .string), .optional("expiresAt", .datetime), .optional("edge", .bool),
                .optional("labels", .record(RecordType([], isOpen: true))),
            ]
        ),
        command("withdrawJoinTicket", on: .cluster, context: [.required("name", .string)]),
        command("promoteMember", on: .node),
        command("removeMember", on: .node),
        command("removeEdge", on: .node),
        command("pinIssuer", on: .node),
        command(
            "labelNode",
            on: .node,
            context: [
                .required("labels", .record(RecordType([], isOpen: true))), .required("removed", .set(.string)),
            ]
        ),
    ]

    private static let services = [
        service("read", on: .cluster),
        service("backup", on: .cluster),
        service("transferLeadership", on: .cluster),
        service("renewCertificate", on: .node),
        service(
            "decideFor",
            on: .anything,
            context: [.required("action", .entity("Action")), .required("resource", .any)]
        ),
        service("explain", on: .anything),
        service("assert", on: .attribute),
    ]
}

extension RecordType.Attribute {
    static func required(_ name: String, _ type: SchemaType) -> RecordType.Attribute {
        RecordType.Attribute(name: AttributeName(name), type: type, isRequired: true)
    }

    static func optional(_ name: String, _ type: SchemaType) -> RecordType.Attribute {
        RecordType.Attribute(name: AttributeName(name), type: type, isRequired: false)
    }
}
