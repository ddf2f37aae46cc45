import Cedar

/// Policies as they are written and as nodes use them: the cases of others are put to the two, which have to agree.
struct BothForms {
    private let policies: PolicySet
    private let compiled: CompiledPolicySet

    init(_ policies: PolicySet) {
        self.policies = policies
        compiled = CompiledPolicySet(policies)
    }

    /// - Throws: Where decision, reasons or errors differ.
    func authorize(_ request: Request, entities: EntityStore) throws -> Response {
        let expected = Cedar.authorize(request, policies: policies, entities: entities)
        let found = compiled.authorize(request, entities: entities)
        guard found == expected else {
            throw Folder.Problem(description: "the compiled form says \(found), the tree-walking one \(expected)")
        }
        return expected
    }
}
