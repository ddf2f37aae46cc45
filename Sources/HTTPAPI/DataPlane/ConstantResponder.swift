package import Kernel
internal import NIOCore

/// Gives the same answer to every request: what the data plane costs without decisions, for comparison.
package struct ConstantResponder: DataPlaneResponder {
    package struct Lane {}

    private let body: [UInt8]

    package init(body: String) { self.body = Array(body.utf8) }

    package func makeLane() -> Lane { Lane() }

    package var revision: LogIndex { .zero }

    package func respond(to request: DataPlaneRequest, on lane: inout Lane, with response: inout DataPlaneResponse) {
        response.body.append(contentsOf: body)
    }

    package func commit(_ lane: inout Lane) -> Bool { true }

    package func deny(_ decisions: DataPlaneResponse.Decisions, with response: inout DataPlaneResponse) {}
}
