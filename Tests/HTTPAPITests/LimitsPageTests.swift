import Cedar
import Decision
import Directory
import Foundation
import HTTPAPI
import JSON
import NIOCore
import Testing

@Suite("The page of limits") struct LimitsPageTests {
    private static func bytes(_ count: Int) -> String {
        count >= 1 << 20 ? "\(count >> 20) MiB" : count >= 1 << 10 ? "\(count >> 10) KiB" : "\(count) bytes"
    }

    private static func number(_ count: Int) -> String {
        let digits = Array(String(count))
        return digits.indices.map { place in
            let isStart = place > 0 && (digits.count - place).isMultiple(of: 3)
            return (isStart ? "," : "") + String(digits[place])
        }.joined()
    }

    private static func json(_ limits: JSONLimits) -> String {
        "\(bytes(limits.maxBytes)), \(number(limits.maxDepth)) levels, \(number(limits.maxElements)) values"
    }

    private static let syntax = SyntaxLimits.standard
    private static let plane = DataPlaneLimits()

    static let rows: [(String, String)] = [
        ("text of a policy set in a cluster", bytes(Limits.policyByteCount)),
        ("versions of a policy set", "\(Limits.policyVersions)"),
        ("text of policies or a schema, in tools and the library", bytes(syntax.maxBytes)),
        ("nesting of an expression or a type", "\(syntax.maxNesting)"),
        ("policies and templates of a text", number(syntax.maxPolicies)),
        (
            "elements of a set or a list, fields of a record, written in policies or a schema",
            "\(number(syntax.maxElements)) each"
        ),
        ("faults that are reported of a text", "\(syntax.maxDiagnostics)"),
        ("parts that all types of a schema have together", number(syntax.maxSchemaParts)),
        ("JSON form of policies", json(.policies)),
        ("steps of a validation", number(ValidationLimits.standard.maxSteps)),
        ("findings in the review of a draft", "\(PolicyReview.maxFindings)"),
        ("body of a request", bytes(plane.bodyByteCount)),
        ("type of a subject or resource", "\(EntityTypeMapping.typeLimit) bytes"),
        ("id of a subject or resource, name of an action", "\(number(EntityTypeMapping.idLimit)) bytes"),
        ("questions of one request", "\(EvaluationBatch.maximumCount)"),
        ("questions of one request that asks for explanations", "\(EvaluationBatch.maximumExplainedCount)"),
        ("properties of a subject or resource", "\(DecisionQuery.Description.maximumPropertyCount)"),
        ("steps of a decision", number(EvaluationLimits.standard.maxSteps)),
        ("ancestors of an entity", number(Ancestors.maxCount)),
        ("results of a page of a search", "\(SearchPage.maximumLimit)"),
        ("header of a request", "\(bytes(plane.headerByteCount)), \(plane.headerCount) fields"),
        ("connections", number(plane.connections)),
        ("how long a request waits for its revision", "\(plane.revisionTimeout.nanoseconds / 1_000_000) ms"),
        ("connections to the admin API", number(AdminServer.maximumConnections)),
        ("body of an administrative request", bytes(AdminAPI.bodyLimit)),
        (
            "JSON in it",
            "\(JSONLimits.standard.maxDepth) levels, \(number(JSONLimits.standard.maxElements)) values"
        ),
        ("a name or id", bytes(Limits.nameByteCount)),
        ("a type of resources", bytes(Limits.typeByteCount)),
        ("a description, note or reason", bytes(Limits.textByteCount)),
        ("attributes of an object", "\(bytes(Limits.attributesByteCount)), \(Limits.attributeDepth) levels"),
        ("parents of a role or resource", "\(Limits.parents)"),
        (
            "hierarchy of roles or of resources, above what is put",
            "\(Limits.hierarchyDepth) levels, \(number(Limits.ancestors)) ancestors"
        ),
        ("assignments, and tokens, of a principal", "\(number(Limits.grantsPerPrincipal)) each"),
        ("administrators", "\(Limits.administrators)"),
        ("members, and of these voters", "\(Limits.members), \(Limits.voters)"),
        ("objects of a page of a list", number(ListRequest.maximumLimit)),
        ("a file of entities, in tools", json(.entities)),
        ("entities in it", number(EntityJSON.maxEntities)),
        ("elements of a set, fields of a record in it", "\(number(EntityJSON.maxElements)) each"),
        (
            "ancestors in it, of one entity and counted for each parent of all",
            "\(number(Ancestors.maxCount)), \(number(EntityStore.maxAncestorWork))"
        ),
    ]

    @Test("says of each limit what it is in the code") func numbers() throws {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().appending(path: "../../..").standardized
        let page = try String(contentsOf: root.appending(path: "docs/reference/limits.md"), encoding: .utf8)
        for (what, limit) in Self.rows { #expect(page.contains("| \(what) | \(limit) |"), "\(what): \(limit)") }
    }
}
