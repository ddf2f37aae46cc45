/// What makes a policy of a template: its own name, and an entity for each slot.
public struct TemplateLink: Hashable, Sendable {
    public let template: PolicyID
    /// Of the policy that is linked.
    public let id: PolicyID
    public let values: [Slot: EntityUID]

    public init(template: PolicyID, id: PolicyID, values: [Slot: EntityUID]) {
        self.template = template
        self.id = id
        self.values = values
    }
}
