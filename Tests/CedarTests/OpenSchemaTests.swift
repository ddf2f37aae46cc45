import Cedar
import Testing

@Suite("A schema that leaves something open") struct OpenSchemaTests {
    static let schema = Schema(
        entityTypes: [
            EntityTypeDefinition(
                name: "User",
                shape: RecordType(
                    [
                        RecordType.Attribute(name: "name", type: .string, isRequired: true),
                        RecordType.Attribute(name: "boss", type: .any, isRequired: true),
                    ],
                    isOpen: true
                )
            )
        ],
        actions: [
            ActionDefinition(
                uid: EntityUID(type: "Action", id: "a"),
                appliesTo: ActionDefinition.AppliesTo(principals: ["User"], resources: ["User"], context: .empty)
            )
        ]
    )

    @Test(
        "lets be what it says nothing of, once it was tested",
        arguments: [
            ("principal has team && principal.team == resource.name", []),
            ("principal has team.size && principal.team.size < 5", []),
            ("principal.boss.boss.name == 1 && principal.boss in resource", []),
            ("principal.boss && !principal.boss", []),
            ("[principal.boss, 1].contains(2)", []),
            (
                "principal has team && resource.team == 1",
                ["User may have no attribute \"team\"; test it with `has` before"]
            ),
            ("principal.name < 1", ["expected Long, found String"]),
            ("principal has team && principal.name.first == 1", ["expected an entity or a record, found String"]),
            ("principal has name && principal.name + 1 == 2", ["expected Long, found String"]),
        ]
    )
    func validation(condition: String, faults: [String]) throws {
        let policies = try PolicySet.parse("permit (principal, action, resource) when { \(condition) };")
        for mode in ValidationMode.allCases {
            let report = Validator(Self.schema, mode: mode).validate(policies)
            #expect(report.errors.map { "\($0.reason)" } == faults, "\(mode)")
        }
    }

    @Test("admits entities with whatever it does not know, and no other kind of what it does") func conformance() throws
    {
        func fault(_ attributes: Record) -> ConformanceError.Reason? {
            var conformance = SchemaConformance(Self.schema)
            do throws(ConformanceError) {
                try conformance.check(Entity(uid: EntityUID(type: "User", id: "a"), attributes: attributes))
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(fault(["name": .string("a"), "boss": .long(1), "team": .set([.long(1)])]) == nil)
        #expect(fault(["name": .string("a"), "team": .long(1)]) == .missingAttribute("boss"))
        #expect(fault(["name": .long(1), "boss": .long(1)]) == .type(expected: .string, found: .long))
    }

    @Test("has no text") func writing() {
        #expect(throws: SchemaWriteError.open) { try Self.schema.text() }
        #expect(throws: SchemaWriteError.open) { try Self.schema.json() }
    }
}
