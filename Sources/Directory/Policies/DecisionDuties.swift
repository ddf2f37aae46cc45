import Cedar

/// What comes with a decision besides yes or no, from the annotations of the policies that brought it about.
package struct DecisionDuties: Hashable, Sendable {
    /// `@obligation("approval, receipt")`: names of what an enforcement point has to do, or see done, before it acts on the
    /// decision. One that it does not know it must take for a denial.
    package private(set) var obligations: [String] = []
    /// `@advice("ask the owner")`: a text that it may show.
    package private(set) var advice: [String] = []

    package static let none = DecisionDuties()
    private static let maxObligationBytes = 64
    private static let maxAdviceBytes = 1024

    private init() {}

    init(of policy: Policy) throws(PolicyRule.Fault) {
        if let text = policy.annotation("obligation") {
            obligations = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
            guard obligations.allSatisfy(Self.isName) else {
                throw PolicyRule.Fault(
                    message:
                        "@obligation takes names of letters, digits, \"-\", \"_\", \".\" and \":\", set off by commas"
                )
            }
        }
        if let text = policy.annotation("advice") {
            guard !text.isEmpty, text.utf8.count <= Self.maxAdviceBytes else {
                throw PolicyRule.Fault(message: "@advice takes 1 to \(Self.maxAdviceBytes) bytes of text")
            }
            advice = [text]
        }
    }

    /// Each obligation and each text once, in the order of the policies.
    init(of policies: DecidingPolicies) {
        for place in policies.indices { add(policies.rule(at: place).duties) }
    }

    private mutating func add(_ duties: DecisionDuties) {
        for name in duties.obligations where !obligations.contains(name) { obligations.append(name) }
        for text in duties.advice where !advice.contains(text) { advice.append(text) }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func isName(_ text: String) -> Bool {
        (1...maxObligationBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
