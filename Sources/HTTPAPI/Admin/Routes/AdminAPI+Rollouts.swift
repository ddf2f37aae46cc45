package import Directory
internal import Identity
package import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let rolloutRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/rollouts", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let found = try await api.read(call) { view throws(StateDamage) in
                RolloutPage(page: try view.rollouts(request), names: try view.nodeNames())
            }
            return Self.page(found.page) { .object($0.members(found.names)) }
        },
        AdminRoute("GET", "/v1/rollouts/{set}", .reader, query: AdminCall.readQuery) { api, call in
            let set = call.parameter("set")
            let found = try await api.find("roll-out of \(set)", call) { view throws(StateDamage) in
                let names = try view.nodeNames()
                return try view.rollout(set).map { ($0, names) }
            }
            return .json(.object(found.0.members(found.1)), tag: found.0.metadata.revision)
        },
        AdminRoute("POST", "/v1/rollouts/{set}/advance", .caller) { api, call in
            var body = try call.body()
            let stage = try body.integer("from_stage", in: 0...UInt32(RolloutSpec.ringLimit))
            try body.finish()
            return try await api.steer(.advance(from: stage), call)
        },
        AdminRoute("POST", "/v1/rollouts/{set}/halt", .caller) { api, call in try await api.steer(.halt, call) },
        AdminRoute("POST", "/v1/rollouts/{set}/resume", .caller) { api, call in try await api.steer(.resume, call) },
        AdminRoute("POST", "/v1/rollouts/{set}/abort", .caller) { api, call in try await api.steer(.abort, call) },
        AdminRoute("POST", "/v1/rollouts/{set}/report", .nodeOrCaller) { api, call in try await api.report(call) },
    ]

    private func steer(_ act: RolloutAct, _ call: AdminCall) async throws -> AdminResponse {
        let body = CommandBody.steerRollout(set: call.parameter("set"), act)
        return .receipt(try await writer.submit(body, write(call)))
    }

    /// A node that cannot write to the log itself says what it has counted: in its own name and no other's.
    private func report(_ call: AdminCall) async throws -> AdminResponse {
        guard case .node(let node) = try call.known() else {
            throw ServiceError(.forbidden, code: "not_a_node", message: "nodes report, with their own certificates")
        }
        var body = try call.body()
        let report = RolloutReport(
            stage: RolloutStage(
                set: call.parameter("set"),
                openedAt: try body.time("stage_opened_at"),
                number: try body.integer("stage", in: 0...UInt32(RolloutSpec.ringLimit))
            ),
            counts: try RolloutCounts(reading: &body),
            isFailed: try body.optionalBool("failed") ?? false
        )
        try body.finish()
        // What the log would refuse is not proposed: an edge may send as often as it likes.
        let view = try await reader.read { view throws(StateDamage) in try view.rollout(report.stage.set) }
        guard let view, view.mayTake(report, of: node, at: client.now().wall) else {
            throw ServiceError(.conflict, code: "not_wanted", message: "this report is not wanted now")
        }
        let receipt = try await writer.submit(
            .reportRollout(report),
            WriteCall(caller: .node(node), timeout: .seconds(5))
        )
        return .receipt(receipt)
    }
}

private struct RolloutPage: Sendable {
    let page: Page<RolloutRecord>
    let names: [MemberID: String]
}

extension RolloutSpec {
    /// From the member `rollout` of an activation.
    init(set: String, version: UInt64, _ section: ObjectReader) throws(FieldError) {
        var section = section
        var rings: [Ring] = []
        for element in try section.array("rings") {
            var ring = try ObjectReader(element.value, at: element.path)
            rings.append(Ring(try Labels(reading: &ring, "labels")))
            try ring.finish()
        }
        let soaks = Self.soakRange.lowerBound.milliseconds...Self.soakRange.upperBound.milliseconds
        self.init(
            set: set,
            version: version,
            rings: rings,
            soak: try section.optionalInteger("soak_ms", in: soaks).map { .milliseconds($0) } ?? Self.defaultSoak,
            changedPerMillion: try section.optionalInteger("max_changed_per_million", in: 0...Self.million)
                ?? Self.defaultChangedPerMillion,
            minimumDecisions: try section.optionalInteger("min_decisions", in: 0...Self.million)
                ?? Self.defaultMinimumDecisions
        )
        try section.finish()
    }
}

extension RolloutCounts {
    private static let range: ClosedRange<UInt64> = 0...(1 << 40)

    init(reading reader: inout ObjectReader) throws(FieldError) {
        self.init(
            decisions: try reader.integer("decisions", in: Self.range),
            nowDenied: try reader.integer("now_denied", in: Self.range),
            nowAllowed: try reader.integer("now_allowed", in: Self.range),
            failures: try reader.integer("failures", in: Self.range)
        )
    }

    var members: [JSONMember] {
        [
            JSONMember("decisions", decisions.json), JSONMember("now_denied", nowDenied.json),
            JSONMember("now_allowed", nowAllowed.json), JSONMember("failures", failures.json),
        ]
    }
}

extension RolloutReport {
    package var json: JSONValue {
        .object(
            [
                JSONMember("stage_opened_at", stage.openedAt.json),
                JSONMember("stage", .integer(Int64(stage.number))),
            ]
                + counts.members + [JSONMember("failed", .bool(isFailed))]
        )
    }
}

extension RolloutRecord {
    fileprivate func members(_ names: [MemberID: String]) -> [JSONMember] {
        func name(_ node: MemberID) -> String { names[node] ?? node.uuid }
        let next = state == .running ? stageOpenedAt.advanced(by: spec.soak).json : .null
        return [
            JSONMember("set", spec.set), JSONMember("version", spec.version.json),
            JSONMember("base_version", base.map(\.json) ?? .null), JSONMember("state", state.rawValue),
            JSONMember("reason", (reason?.rawValue).json), JSONMember("culprit", culprit.map(name).json),
            JSONMember("rings", .array(spec.rings.map { .string($0.description) })),
            JSONMember("stage", .integer(Int64(stage))), JSONMember("stage_opened_at", stageOpenedAt.json),
            JSONMember("soaked_at", next), JSONMember("soak_ms", spec.soak.milliseconds.json),
            JSONMember("max_changed_per_million", .integer(Int64(spec.changedPerMillion))),
            JSONMember("min_decisions", .integer(Int64(spec.minimumDecisions))),
            JSONMember("counts", .object(total.members)),
            JSONMember(
                "witnesses",
                .array(
                    witnesses.map { witness in
                        .object(
                            [
                                JSONMember("node", name(witness.node)),
                                JSONMember("reported_at", witness.reportedAt.json),
                            ]
                                + witness.counts.members
                        )
                    }
                )
            ), JSONMember("began", began.json), JSONMember("author", author.json),
        ] + metadata.members
    }
}

extension DirectoryView {
    fileprivate func nodeNames() throws(StateDamage) -> [MemberID: String] {
        Dictionary(try allNodes().map { ($0.spec.id, $0.spec.name) }) { first, _ in first }
    }
}
