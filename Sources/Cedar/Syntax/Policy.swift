import JSON

/// The name of a policy in its set.
public struct PolicyID: Hashable, Comparable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    /// Of a policy that has no name of its own.
    /// - Parameter place: In its text, from 0.
    static func byOrder(_ place: Int) -> PolicyID { PolicyID("policy\(place)") }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.text.isExactly(rhs.text) }
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.text.precedesExactly(rhs.text) }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension PolicyID: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(text) }
    public var description: String { text }
}

/// A policy or, while its scope has slots, a template.
///
/// An object, though a value by its meaning: each decision goes through many, and a struct of these parts would count a
/// reference to each of them every time that it is handed on.
public final class Policy: Sendable {
    public let id: PolicyID
    /// In the order of the text, each name once.
    public let annotations: [Annotation]
    public let effect: Effect
    package let scope: Scope
    /// All must hold, in the order of the text.
    package let conditions: [Condition]
    /// Where it starts in the text that it was parsed from, annotations included.
    public let position: SourcePosition
    /// Its part of that text.
    package let range: SourceRange
    /// The template that it was linked from.
    public let template: PolicyID?

    init(
        id: PolicyID,
        annotations: [Annotation],
        effect: Effect,
        scope: Scope,
        conditions: [Condition],
        position: SourcePosition,
        range: SourceRange,
        template: PolicyID?
    ) {
        self.id = id
        self.annotations = annotations
        self.effect = effect
        self.scope = scope
        self.conditions = conditions
        self.position = position
        self.range = range
        self.template = template
    }

    /// The text of an annotation, empty for one without; nil where the policy has none of that name.
    public func annotation(_ name: String) -> String? {
        annotations.first { $0.name.isExactly(name) }?.value
    }

    public var isTemplate: Bool { !slots.isEmpty }

    /// Those of the scope, the principal's first.
    public var slots: [Slot] { [scope.principal.slot, scope.resource.slot].compactMap(\.self) }

    /// The same under another name.
    public func renamed(_ id: PolicyID) -> Policy { changed(id: id) }

    func without(annotation name: String) -> Policy {
        changed(annotations: annotations.filter { !$0.name.isExactly(name) })
    }

    /// This template with its slots filled. What is left open stays a slot.
    func linked(as id: PolicyID, values: [Slot: EntityUID]) -> Policy {
        let scope = Scope(
            principal: scope.principal.filled(with: values),
            action: scope.action,
            resource: scope.resource.filled(with: values)
        )
        return changed(id: id, scope: scope, template: self.id)
    }

    private func changed(
        id: PolicyID? = nil,
        annotations: [Annotation]? = nil,
        scope: Scope? = nil,
        template: PolicyID? = nil
    ) -> Policy {
        Policy(
            id: id ?? self.id,
            annotations: annotations ?? self.annotations,
            effect: effect,
            scope: scope ?? self.scope,
            conditions: conditions,
            position: position,
            range: range,
            template: template ?? self.template
        )
    }
}

extension Policy: Hashable {
    public static func == (lhs: Policy, rhs: Policy) -> Bool {
        lhs === rhs
            || lhs.id == rhs.id && lhs.annotations == rhs.annotations && lhs.effect == rhs.effect
                && lhs.scope == rhs.scope && lhs.conditions == rhs.conditions && lhs.position == rhs.position
                && lhs.range == rhs.range && lhs.template == rhs.template
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(scope)
        hasher.combine(conditions)
    }
}

public enum Effect: String, Hashable, Sendable {
    case permit, forbid
}

/// `@name("value")`.
public struct Annotation: Hashable, Sendable {
    public let name: String
    public let value: String
    /// Whether it was written without a value, which means the same as an empty one. Its JSON form keeps the two apart.
    public let isBare: Bool

    public init(name: String, value: String?) {
        self.name = name
        self.value = value ?? ""
        isBare = value == nil
    }

    public static func == (lhs: Annotation, rhs: Annotation) -> Bool {
        lhs.name.isExactly(rhs.name) && lhs.value.isExactly(rhs.value)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(value)
    }
}

/// `when { … }` or `unless { … }`.
package struct Condition: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case when, unless
    }

    package let kind: Kind
    package let body: Expression
}
