internal import Cedar
internal import Directory
internal import Kernel

/// What a thread that decides keeps from one decision to the next, so that it need not be allocated anew. It knows nothing of
/// the decisions before.
package final class DecisionWorkspace {
    var evaluator: CompiledEvaluator
    private let view: EntityView

    package init() {
        view = EntityView(NoEntities(), in: .at(.distantPast))
        evaluator = CompiledEvaluator(Self.noRequest, entities: view)
    }

    /// From now on the evaluator answers this request over these entities.
    func turn(
        to request: Request,
        _ entities: any EntitySource,
        in interval: TimeInterval,
        overlay: [(uid: EntityUID, facts: EntityFacts)] = []
    ) {
        view.show(entities, in: interval, overlay: overlay)
        evaluator.begin(request, entities: view)
    }

    /// Lets go of the snapshot, which may be the last one of its kind.
    func clear() {
        view.show(NoEntities(), in: .at(.distantPast))
    }

    private static let noRequest: Request = {
        let nobody = EntityUID(type: "", id: "")
        return Request(principal: nobody, action: nobody, resource: nobody)
    }()

    private struct NoEntities: EntitySource {
        func facts(_ uid: EntityUID) -> EntityFacts? { nil }
    }
}
