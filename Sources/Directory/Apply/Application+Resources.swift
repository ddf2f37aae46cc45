internal import Identity
internal import Kernel

extension Application {
    mutating func put(_ spec: ResourceSpec, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isResourceType(spec.id.type), "type")
        try check(Grammar.isResourceID(spec.id.id), "id")
        let old = try read { view throws(StateDamage) in try view.resource(spec.id) }
        try check(precondition, on: old?.metadata, spec.id.description)
        if let old, old.spec == spec { return done(old.metadata) }
        try checkAttributes(spec.attributes, reserved: EntityFacts.reservedResourceAttributes)
        if let owner = spec.owner, owner != old?.spec.owner { try checkReference(owner) }
        if spec.parents != old?.spec.parents { try checkParents(spec) }
        let record = ResourceRecord(spec: spec, metadata: metadata(replacing: old?.metadata))
        store(.resource(record), replacing: old.map { .resource($0) })
        events.append(.resourceChanged(spec.id))
        return done(record.metadata)
    }

    private func checkParents(_ spec: ResourceSpec) throws(DirectoryError) {
        guard spec.parents.count <= Limits.parents else { throw .refused(.tooLarge, "parents") }
        for parent in spec.parents where try read({ view throws(StateDamage) in try view.resource(parent) }) == nil {
            throw .refused(.unknownReference, parent.description)
        }
        try checkAncestry(of: spec.id, parents: spec.parents) { id throws(DirectoryError) in
            try read { view throws(StateDamage) in try view.resource(id) }?.spec.parents ?? []
        }
    }

    mutating func delete(
        resource id: EntityName,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.resource(id) }) else {
            throw .refused(.notFound, id.description)
        }
        try check(precondition, on: old.metadata, id.description)
        try checkUnused(Key(.resourceChildren).entity(id))
        erase(.resource(old))
        events.append(.resourceChanged(id))
        return done(metadata(replacing: old.metadata))
    }

    func checkAttributes(_ attributes: Attributes, reserved: [String]) throws(DirectoryError) {
        for name in reserved where attributes[name] != nil { throw .refused(.invalid, "attributes.\(name)") }
        var meter = AttributeMeter()
        guard let fault = meter.fault(in: attributes) else { return }
        throw .refused(fault.code, "attributes.\(fault.name)")
    }
}

/// Measures attributes against the bounds, without recursing deeper than they allow.
struct AttributeMeter {
    struct Fault {
        let code: RefusalCode
        let name: String
    }

    private var byteCount = 0

    mutating func fault(in attributes: Attributes) -> Fault? {
        for entry in attributes {
            if let code = refusal(of: entry, depth: 1) { return Fault(code: code, name: entry.name) }
        }
        return nil
    }

    private mutating func refusal(of entry: Attributes.Entry, depth: Int) -> RefusalCode? {
        guard Grammar.isAttributeName(entry.name) else { return .invalid }
        byteCount += entry.name.utf8.count
        return refusal(of: entry.value, depth: depth)
    }

    private mutating func refusal(of value: AttributeValue, depth: Int) -> RefusalCode? {
        guard depth <= Limits.attributeDepth else { return .tooDeep }
        switch value {
        case .bool, .long: byteCount += 8
        case .string(let text): byteCount += text.utf8.count
        case .entity(let reference):
            guard Grammar.isEntityType(reference.type) else { return .invalid }
            byteCount += reference.type.utf8.count + reference.id.utf8.count
        case .extension(let function, let argument):
            guard value.cedarValue != nil else { return .invalid }
            byteCount += function.utf8.count + argument.utf8.count
        case .set(let elements):
            byteCount += elements.count
            for element in elements {
                if let code = refusal(of: element, depth: depth + 1) { return code }
            }
        case .record(let attributes):
            for entry in attributes {
                if let code = refusal(of: entry, depth: depth + 1) { return code }
            }
        }
        return byteCount > Limits.attributesByteCount ? .tooLarge : nil
    }
}
