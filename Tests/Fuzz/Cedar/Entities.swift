import Cedar
import JSON

/// Entities in JSON, by themselves and with a schema. What is read is written and read again.
func fuzzEntities(_ bytes: [UInt8]) {
    guard let document = try? JSONValue.parse(bytes, limits: .entities) else { return }
    if let list = try? EntityJSON.parseEntities(document) {
        for entity in list { check(entity, schema: nil) }
        checkStore(of: list)
    }
    if let list = try? EntityJSON.parseConformingEntities(document, schema: World.schema) {
        check((try? EntityJSON.parseEntities(document, schema: World.schema))?.count == list.count, "more than conform")
        for entity in list where World.schema[entity.uid] == nil { check(entity, schema: World.schema) }
        checkStore(of: list)
    }
    _ = try? EntityJSON.parseConformingRequest(document, conformance: conformance)
    if let record = try? EntityJSON.parseRecord(document), let written = try? EntityJSON.write(record) {
        check((try? EntityJSON.parseRecord(written)) == record, "a record changes: \(written)")
    }
}

private let conformance = SchemaConformance(World.schema)

private func check(_ entity: Entity, schema: Schema?) {
    // Some records have no JSON form.
    guard let written = try? EntityJSON.write(entity) else { return }
    check((try? EntityJSON.parseEntity(written, schema: schema)) == entity, "an entity changes: \(written)")
    let bytes = JSONValue.array([written]).serialized()
    check((try? EntityJSON.parseEntities(bytes)) == [entity], "an entity changes as text: \(written)")
}

/// Every parent is an ancestor, and every parent's ancestor.
private func checkStore(of list: [Entity]) {
    guard let store = try? EntityStore(list) else { return }
    for entity in list {
        let stored = store.content(of: entity.uid)
        check(stored?.attributes == entity.attributes && stored?.tags == entity.tags, "another entity: \(entity.uid)")
        for parent in entity.parents {
            check(store.isDescendant(entity.uid, of: parent), "\(entity.uid) is not in its parent")
            for above in store.ancestors(of: parent).list {
                check(store.isDescendant(entity.uid, of: above), "\(entity.uid) is not in \(above)")
            }
        }
    }
}
