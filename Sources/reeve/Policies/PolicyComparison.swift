import Cedar
import Decision
import Directory
import JSON
import Kernel

/// What two versions of policies make of the same requests.
struct PolicyComparison {
    private(set) var changes: [DecisionChange] = []
    private let count: Int
    /// Requests that the policies so far decide otherwise than was recorded.
    private(set) var unreproduced = 0
    private var firstUnreproduced: Request?

    init(before: PolicyWorld, after: PolicyWorld, _ recorded: [RecordedRequests.Recorded]) {
        count = recorded.count
        // For lookup only, never iterated.
        var places: [Request: Int] = [:]
        for item in recorded {
            let first = before.decide(item.request)
            if let isAllowed = item.isAllowed, isAllowed != first.isPermitted { noteUnreproduced(item.request) }
            if let place = places[item.request] {
                changes[place].count += 1
                continue
            }
            let second = after.decide(item.request)
            guard first.outcome != second.outcome || first.terms != second.terms else { continue }
            places[item.request] = changes.count
            changes.append(DecisionChange(request: item.request, before: first, after: second))
        }
    }

    private mutating func noteUnreproduced(_ request: Request) {
        unreproduced += 1
        firstUnreproduced = firstUnreproduced ?? request
    }

    private var affected: Int { changes.reduce(0) { $0 + $1.count } }

    var text: String {
        let told = changes.map(\.text).joined() + "\(affected) of \(count) requests are decided otherwise\n"
        guard let firstUnreproduced else { return told }
        return told
            + """
            \(unreproduced) of \(count) requests do not come out as recorded under the present policies: the record lacks \
            their context, or entities or policies were others. The first is \(firstUnreproduced.summary)

            """
    }

    var json: JSONValue {
        [
            "requests": .integer(Int64(count)), "changed": .integer(Int64(affected)),
            "otherwise_than_recorded": .integer(Int64(unreproduced)), "changes": .array(changes.map(\.json)),
        ]
    }
}

/// A request that two versions decide otherwise.
struct DecisionChange {
    let request: Request
    let before: PolicyVerdict
    let after: PolicyVerdict
    /// How often it was recorded.
    var count = 1

    var text: String {
        let times = count > 1 ? "  (\(count) times)" : ""
        let lines =
            [
                "\(Self.word(before)) -> \(Self.word(after))  \(request.summary)\(times)",
                "  context     \(request.context)",
                "  before      \(Self.reason(before))",
                "  after       \(Self.reason(after))",
            ] + terms
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// What of the terms changes, where both versions come to the same.
    private var terms: [String] {
        guard before.outcome == after.outcome else { return [] }
        let (old, new) = (before.terms, after.terms)
        var lines = old.restrictedSteps.isEmpty == new.restrictedSteps.isEmpty ? [] : [Self.restricted(new)]
        lines += Self.differences(old.steps, new.steps)
        // Of who is restricted only what is not said of all.
        let ofAll = (old.steps, new.steps) == (old.restrictedSteps, new.restrictedSteps)
        if !ofAll, !old.restrictedSteps.isEmpty, !new.restrictedSteps.isEmpty {
            lines += Self.differences(old.restrictedSteps, new.restrictedSteps).map { $0 + "  (restricted principals)" }
        }
        return lines
    }

    private static func restricted(_ new: VerdictTerms) -> String {
        "  restricted  principals are \(new.restrictedSteps.isEmpty ? "no longer " : "")permitted it, too"
    }

    private static func differences(_ old: [VerdictTerms.Step], _ new: [VerdictTerms.Step]) -> [String] {
        guard old != new else { return [] }
        // Where something changes while knowledge ages, each step is told by itself.
        guard old.count == 1, new.count == 1, let old = old.first, let new = new.first else {
            return ["  terms       \(steps(old)) -> \(steps(new))"]
        }
        return [
            difference("obligation", names(old.obligations), names(new.obligations)),
            difference("advice    ", names(old.advice), names(new.advice)),
            difference("max age   ", age(old.maximumAge), age(new.maximumAge)),
        ].compactMap(\.self)
    }

    private static func difference(_ title: String, _ old: String, _ new: String) -> String? {
        old == new ? nil : "  \(title)  \(old) -> \(new)"
    }

    private static func names(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }

    private static func age(_ age: Span?) -> String { age.map(PolicyVerdict.text) ?? "none" }

    /// `up to 5s approval, then none`.
    private static func steps(_ steps: [VerdictTerms.Step]) -> String {
        let told = steps.map { step in
            let duties = names(step.obligations + step.advice)
            return step.maximumAge.map { "up to \(PolicyVerdict.text($0)) \(duties)" } ?? duties
        }
        return told.isEmpty ? "denied" : told.joined(separator: ", then ")
    }

    var json: JSONValue {
        [
            "request": request.json, "count": .integer(Int64(count)), "before": Self.json(before),
            "after": Self.json(after),
        ]
    }

    private static func word(_ verdict: PolicyVerdict) -> String { verdict.isPermitted ? "ALLOW" : "DENY" }

    private static func reason(_ verdict: PolicyVerdict) -> String {
        let policies = verdict.deciding.map { "\($0), line \($0.line)" }
        return policies.isEmpty ? "no permit applies" : "\(verdict.code) by \(policies.joined(separator: "; "))"
    }

    private static func json(_ verdict: PolicyVerdict) -> JSONValue {
        .object(
            [
                JSONMember(name: "decision", value: .string(verdict.isPermitted ? "allow" : "deny")),
                JSONMember(name: "code", value: .string(verdict.code)),
                JSONMember(name: "policies", value: .array(verdict.deciding.map { .string($0.description) })),
            ] + verdict.termMembers
        )
    }
}

extension PolicyVerdict {
    /// As everywhere else.
    var code: String { DecisionCode(outcome).rawValue }

    /// Obligations, advice and bounds, in JSON.
    var termMembers: [JSONMember] {
        let terms = terms
        return [
            JSONMember(name: "obligations", value: .array(duties.obligations.map { .string($0) })),
            JSONMember(name: "advice", value: .array(duties.advice.map { .string($0) })),
            JSONMember(name: "max_age_ms", value: terms.maximumAge.map(Self.json) ?? .null),
            JSONMember(name: "terms", value: .array(terms.steps.map(Self.json))),
            JSONMember(name: "restricted_terms", value: .array(terms.restrictedSteps.map(Self.json))),
        ]
    }

    private static func json(_ age: Span) -> JSONValue { .integer(Int64(clamping: age.milliseconds)) }

    private static func json(_ step: VerdictTerms.Step) -> JSONValue {
        [
            "max_age_ms": step.maximumAge.map(json) ?? .null,
            "obligations": .array(step.obligations.map { .string($0) }),
            "advice": .array(step.advice.map { .string($0) }),
        ]
    }

    /// `5s`, or `1500ms` where it is no whole number of seconds.
    static func text(_ age: Span) -> String {
        age.milliseconds.isMultiple(of: 1000) ? "\(age.milliseconds / 1000)s" : "\(age.milliseconds)ms"
    }
}
