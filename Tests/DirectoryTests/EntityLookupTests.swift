import Cedar
import Directory
import Identity
import Kernel
import Testing

@Suite("Entities that decisions look up") struct EntityLookupTests {
    /// Roles that are each in the next one, as far as a state can have them that grew from both ends.
    private struct Chain: EntitySource {
        let length: Int

        func facts(_ uid: EntityUID) -> EntityFacts? {
            guard let number = Int(uid.id), number <= length else { return nil }
            let parents = number < length ? ["\(number + 1)"] : []
            return EntityFacts(role: RoleSpec(name: uid.id, parents: parents))
        }
    }

    private func verdict(_ text: String, _ length: Int) throws -> (PolicyVerdict, isPermitted: Bool) {
        let role = EntityUIDs.role("0")
        let request = Request(principal: role, action: EntityUIDs.action("read"), resource: EntityUIDs.cluster)
        let set = try ActivePolicySet(name: "set", version: 1, text: text)
        let entities = EntityView(Chain(length: length), in: .at(.distantPast))
        var evaluator = CompiledEvaluator(request, entities: entities)
        return (
            PolicyVerdict(request, policies: [set], entities: entities),
            PolicyVerdict.isPermitted(by: set, &evaluator)
        )
    }

    @Test("one node stands for all that are unknown") func unknown() {
        let entities = EntityView(Chain(length: 1), in: .at(.distantPast))
        #expect(entities.node(of: EntityUIDs.action("read")) === EntityNode.none)
        #expect(entities.node(of: EntityUIDs.role("0")).uid == EntityUIDs.role("0"))
    }

    @Test("where one has too many ancestors, nothing is permitted by policies that ask about it") func denial() throws {
        let limit = Ancestors.maxCount
        let permit = #"permit (principal in Role::"5", action, resource);"#
        let allowed = try verdict(permit, limit)
        #expect(allowed.0.outcome == .permitted && allowed.isPermitted)
        let denied = try verdict(permit, limit + 1)
        #expect(denied.0.outcome == .failed && !denied.isPermitted)
        let far = limit + 9
        let forbid = #"permit (principal, action, resource); forbid (principal in Role::"\#(far)", action, resource);"#
        let hidden = try verdict(forbid, limit + 20)
        #expect(hidden.0.outcome == .failed && !hidden.isPermitted)
        #expect(try verdict("permit (principal, action, resource);", limit + 20).0.outcome == .permitted)
    }
}
