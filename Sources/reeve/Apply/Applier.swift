import Directory
import HTTPAPI
import JSON

/// Compares declarations with what a cluster holds, and brings the cluster to them.
struct Applier: Sendable {
    let client: ClusterClient
    /// Whether policies are refused that can never apply, or may fail when a decision is made.
    var isStrict = false

    func plan(_ declarations: [Declaration]) async throws -> Plan {
        var steps: [Plan.Step] = []
        for declaration in try DependencyOrder.sort(declarations) {
            do { steps.append(try await step(declaration)) } catch let error as FieldError {
                throw CommandError("the answer about \(declaration.name) is not understood: \(error)")
            }
        }
        return Plan(steps: steps)
    }

    /// - Throws: Where what is to be made refers to what is neither in the cluster nor declared.
    func check(_ plan: Plan) async throws {
        let declared = Set(plan.steps.map(\.declaration.name))
        var found: [String: Bool] = [:]
        var missing: [String] = []
        for step in plan.changes {
            for reference in step.declaration.references where !declared.contains(reference.name) {
                let isThere =
                    if let known = found[reference.name] { known } else { try await find(reference.path) != nil }
                found[reference.name] = isThere
                if !isThere {
                    missing.append(
                        "\(step.declaration.place) (\(step.declaration.name)): there is no \(reference.name)"
                    )
                }
            }
        }
        guard missing.isEmpty else {
            throw CommandError(
                missing.joined(separator: "\n"),
                advice: "nothing was changed; declare it in the files, or create it first"
            )
        }
    }

    /// Carries out one step.
    ///
    /// The object must still be as it was when it was compared: what somebody else changes meanwhile is not overwritten.
    func apply(_ step: Plan.Step) async throws {
        do { try await carryOut(step) } catch let error as APIError {
            throw CommandError(error.description, at: "\(step.declaration.place) (\(step.declaration.name))")
        }
    }

    private func carryOut(_ step: Plan.Step) async throws {
        switch (step.declaration.object, step.change) {
        case (_, .unchanged): return
        case (.policySet(let set), .activate(let version)):
            _ = try await client.activate(set.name, version: version, headers: headers(step))
        case (.policySet(let set), .create), (.policySet(let set), .update):
            let drafted = try await client.draft(
                set.name,
                set.text,
                note: set.note,
                isStrict: isStrict,
                headers: headers(step)
            )
            guard let version = drafted.body["version"]?.integerValue, let revision = drafted.tag else {
                throw CommandError("the answer names no version", at: drafted.node)
            }
            let place = "\(step.declaration.place) (\(step.declaration.name))"
            for warning in DraftWarnings.lines(drafted.body, at: { "\(place), line \($0), column \($1) of text" }) {
                Console.progress(warning)
            }
            // The draft was the set's last change.
            _ = try await client.activate(set.name, version: version, headers: Self.headers(ifAt: revision))
        case (.object(let object), _):
            let request = ClusterClient.Request(
                method: .put,
                path: Self.path(object),
                headers: headers(step),
                body: .object(Self.members(object))
            )
            _ = try await client.send(request)
        }
    }

    private func headers(_ step: Plan.Step) -> [(String, String)] {
        step.revision.map { Self.headers(ifAt: $0) } ?? [("If-None-Match", "*")]
    }

    private static func headers(ifAt revision: String) -> [(String, String)] { [("If-Match", "\"\(revision)\"")] }

    private func step(_ declaration: Declaration) async throws -> Plan.Step {
        switch declaration.object {
        case .object(let object):
            guard let stored = try await find(Self.path(object)) else {
                return Plan.Step(declaration: declaration, change: .create, revision: nil)
            }
            let change = try Plan.Change(declared: object, stored: Self.spec(stored.body, of: object))
            return Plan.Step(declaration: declaration, change: change, revision: stored.tag)
        case .policySet(let set):
            guard let stored = try await find(PolicyCommand.path(set.name)) else {
                return Plan.Step(declaration: declaration, change: .create, revision: nil)
            }
            return Plan.Step(declaration: declaration, change: try await change(set, stored.body), revision: stored.tag)
        }
    }

    private func change(_ set: PolicySetDeclaration, _ stored: JSONValue) async throws -> Plan.Change {
        let active = stored["active_version"]?.integerValue
        let latest = stored["latest_version"]?.integerValue
        if let active, try await text(set.name, active) == set.text { return .unchanged }
        // A run that was interrupted between draft and activation is picked up here.
        if let latest, latest != active, try await text(set.name, latest) == set.text {
            return .activate(version: latest)
        }
        return .update([active.map { "text, in place of version \($0)" } ?? "text"])
    }

    private func text(_ set: String, _ version: Int64) async throws -> String? {
        try await find(PolicyCommand.path(set) + "/versions/\(version)")?.body["text"]?.stringValue
    }

    private func find(_ path: String) async throws -> ClusterClient.Reply? {
        do { return try await client.send(.init(path: path)) } catch let error as APIError where error.status == 404 {
            return nil
        }
    }

    private static func path(_ object: DirectoryObject) -> String {
        switch object {
        case .principal(let spec): Declaration.Reference.principal(spec.id).path
        case .role(let spec): Declaration.Reference.role(spec.name).path
        case .assignment(let spec): "/v1/assignments/\(ClusterClient.segment(spec.id))"
        case .resource(let spec): Declaration.Reference.resource(spec.id).path
        }
    }

    private static func members(_ object: DirectoryObject) -> [JSONMember] {
        switch object {
        case .principal(let spec): spec.members
        case .role(let spec): spec.members
        case .assignment(let spec): spec.members
        case .resource(let spec): spec.members
        }
    }

    /// What was declared of a stored object, without what the server adds.
    private static func spec(_ stored: JSONValue, of object: DirectoryObject) -> JSONValue {
        let names = members(object).map(\.name)
        return .object((stored.objectValue ?? []).filter { names.contains($0.name) })
    }
}
