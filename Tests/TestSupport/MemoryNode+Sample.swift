package import Directory
package import Identity
package import Kernel
internal import Service

/// A small organisation: two agents with tokens, a gateway that may ask for others, and policies.
extension MemoryNode {
    package struct Sample: Sendable {
        package let node: MemoryNode
        /// Of `agent/bot`.
        package let botToken: String
        /// Of `service/gateway`, which has `decideFor`, `assert` and `explain`.
        package let gatewayToken: String
    }

    package static let policies = """
        @id("readers")
        permit (principal in Role::"reader", action == Action::"read", resource is Doc);

        @id("shared")
        permit (principal, action == Action::"read", resource is Doc)
        when { resource has shared && resource.shared };

        @id("no-secrets")
        forbid (principal, action, resource is Doc) when { resource has secret && resource.secret };

        @id("from-office")
        permit (principal, action == Action::"write", resource is Doc) when { context has office && context.office };

        @id("soft")
        permit (principal, action == Action::"delete", resource is Doc)
        when { context.action has soft && context.action.soft };
        """

    package static let administration = """
        @id("administrators")
        permit (principal is Reeve::Administrator, action, resource);

        @id("gateway")
        permit (
            principal == Service::"gateway",
            action in [Reeve::Action::"decideFor", Reeve::Action::"assert", Reeve::Action::"explain"],
            resource
        );
        """

    package static func sample(featureLevel: FeatureLevel = .supported) -> Sample {
        let node = MemoryNode(featureLevel: featureLevel)
        let bot = id("agent/bot")
        let gateway = id("service/gateway")
        for id in [bot, gateway, id("agent/other")] { node.succeed(.put(.principal(PrincipalSpec(id: id)), .none)) }
        node.succeed(.put(.role(RoleSpec(name: "reader")), .none))
        node.succeed(.put(.assignment(AssignmentSpec(id: "a1", principal: bot, role: "reader")), .none))
        node.succeed(
            .put(
                .resource(ResourceSpec(id: EntityName(type: "Doc", id: "d2"), attributes: ["secret": .bool(true)])),
                .none
            )
        )
        node.activate("sample", policies)
        node.activate("reeve.admin", administration)
        return Sample(node: node, botToken: node.issue("t1", bot), gatewayToken: node.issue("t2", gateway))
    }

    package func succeed(_ body: CommandBody) {
        let result = apply(body)
        guard case .done = result else { fatalError("\(body.action): \(result)") }
    }

    package func activate(_ set: String, _ text: String) {
        guard case .done(let done) = apply(.draftPolicies(PolicyDraft(set: set, text: text))),
            let version = done.created.first.flatMap(UInt64.init)
        else { fatalError("cannot draft \(set)") }
        succeed(.activatePolicies(set: set, version: version, .none))
    }

    /// Gives the secret.
    package func issue(_ id: String, _ principal: PrincipalID, for lifetime: Kernel.Span = .seconds(3600)) -> String {
        let secret = TokenSecret.random()
        let grant = TokenGrant(
            id: id,
            principal: principal,
            secretDigest: secret.digest,
            expiresAt: now().wall.advanced(by: lifetime)
        )
        succeed(.issueToken(grant))
        return secret.text
    }

    package static func id(_ text: String) -> PrincipalID {
        guard let id = PrincipalID(parsing: text) else { fatalError("\(text) names no principal") }
        return id
    }
}
