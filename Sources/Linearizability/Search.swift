/// A depth-first search for an order of one object's operations that explains their answers.
///
/// The order grows by one answered operation at a time, before which operations of unknown outcome may come. Fewer of
/// those are tried first, since whatever is not used up can be used later.
struct Search<Key: Hashable & Comparable & Sendable, Model: SequentialModel> {
    typealias Recorded = RecordedOperation<Key, Model>

    private let model: Model
    private let stepLimit: Int
    private let answered: [Recorded]
    private let unanswered: [Recorded]
    /// How many calls and returns of answered operations come before each unanswered call.
    private let unansweredPlaces: [Int]

    private var remaining: EventList
    private var orderedAnswered: Subset
    private var orderedUnanswered: Subset
    private var visited = VisitedConfigurations()
    /// Each state once, so that configurations hold a number for it.
    private var states: [Model.State]
    private var numbers: [Model.State: Int]
    /// The last one is where the search stands; each of the others took a step.
    private var frames: [SearchFrame] = []
    private var steps = 0
    private var evidence: (firstReturn: Int, violation: LinearizabilityViolation<Key, Model>)?

    /// - Parameter operations: All of one key, in the order of their calls.
    init(of operations: some Collection<Recorded>, against model: Model, stepLimit: Int) {
        self.model = model
        self.stepLimit = stepLimit
        answered = operations.filter { $0.returnedAt != nil }
        unanswered = operations.filter { $0.returnedAt == nil }
        let ends = Self.ends(of: answered)
        unansweredPlaces = Self.places(of: unanswered, among: ends.map(\.time))
        remaining = EventList(ends.map(\.operation))
        orderedAnswered = Subset(capacity: answered.count)
        orderedUnanswered = Subset(capacity: unanswered.count)
        states = [model.initial]
        numbers = [model.initial: 0]
    }

    /// Calls and returns by time. At equal times calls come first: then the two are concurrent.
    private static func ends(of operations: [Recorded]) -> [(operation: Int, time: UInt64)] {
        let calls = operations.enumerated().map { (operation: $0.offset, time: $0.element.calledAt, isReturn: 0) }
        let returns = operations.enumerated().map {
            (operation: $0.offset, time: $0.element.returnedAt ?? .max, isReturn: 1)
        }
        return (calls + returns).sorted { ($0.time, $0.isReturn, $0.operation) < ($1.time, $1.isReturn, $1.operation) }
            .map { ($0.operation, $0.time) }
    }

    private static func places(of operations: [Recorded], among times: [UInt64]) -> [Int] {
        var place = 0
        return operations.map { operation in
            while place < times.count, times[place] < operation.calledAt { place += 1 }
            return place
        }
    }

    mutating func run() -> LinearizabilityVerdict<Key, Model> {
        guard let key = answered.first?.key else { return .linearizable }
        enterFrame(state: 0)
        while !remaining.isEmpty {
            guard steps <= stepLimit else { return .undecided(key: key, steps: stepLimit) }
            let top = frames.count - 1
            if remaining.isCall(at: frames[top].place) {
                if let next = take(top) { enterFrame(state: next) } else { skip(top) }
            } else if takesNextRun(top) {
                frames[top].place = remaining.first
            } else {
                noteEvidence()
                frames.removeLast()
                guard !frames.isEmpty else { break }
                undo(top - 1)
                skip(top - 1)
            }
        }
        guard !remaining.isEmpty, let evidence else { return .linearizable }
        return .violated(evidence.violation)
    }

    private mutating func enterFrame(state: Int) { frames.append(SearchFrame(state: state, place: remaining.first)) }

    private mutating func skip(_ frame: Int) { frames[frame].place = remaining.place(after: frames[frame].place) }

    /// Puts the frame's candidate into the order, unless it cannot answer so there or leads where the search has been.
    ///
    /// - Returns: The state after it.
    private mutating func take(_ frame: Int) -> Int? {
        steps += 1
        let operation = answered[remaining.operation(at: frames[frame].place)]
        let (state, answer) = model.apply(operation.call, to: states[frames[frame].run.state])
        guard case .answered(answer, _) = operation.outcome else { return nil }
        let next = number(of: state)
        redo(frame)
        let isNew = visited.visit(
            answered: orderedAnswered.window,
            unanswered: orderedUnanswered.window,
            state: next
        )
        if !isNew { undo(frame) }
        return isNew ? next : nil
    }

    private mutating func redo(_ frame: Int) {
        remaining.lift(frames[frame].place)
        orderedAnswered.insert(remaining.operation(at: frames[frame].place))
        for number in frames[frame].run.operations { orderedUnanswered.insert(number) }
    }

    private mutating func undo(_ frame: Int) {
        remaining.unlift(frames[frame].place)
        orderedAnswered.remove(remaining.operation(at: frames[frame].place))
        for number in frames[frame].run.operations { orderedUnanswered.remove(number) }
    }

    /// Goes on to the next run of unanswered operations, if there is any that leads to something new.
    private mutating func takesNextRun(_ frame: Int) -> Bool {
        frames[frame].current += 1
        while frames[frame].current == frames[frame].runs.count, let run = frames[frame].nextToExtend() {
            extend(run, in: frame)
        }
        return frames[frame].current < frames[frame].runs.count
    }

    /// Adds the runs that are one operation longer. Nothing that was called after some operation had returned can come
    /// before that operation.
    private mutating func extend(_ run: SearchFrame.Run, in frame: Int) {
        let end = remaining.firstReturn
        for number in unanswered.indices {
            // Places in the list count from 1.
            guard unansweredPlaces[number] < end else { return }
            let call = unanswered[number].call
            if orderedUnanswered.contains(number) || run.operations.contains(number) { continue }
            if !run.operations.isEmpty, model.forgets(call) { continue }
            steps += 1
            let next = self.number(of: model.apply(call, to: states[run.state]).state)
            frames[frame].add(SearchFrame.Run(operations: run.operations + [number], state: next))
        }
    }

    private mutating func number(of state: Model.State) -> Int {
        if let number = numbers[state] { return number }
        states.append(state)
        numbers[state] = states.count - 1
        return states.count - 1
    }

    /// Every way on from here is closed. The latest return that no order has come past is what cannot be explained.
    private mutating func noteEvidence() {
        let place = remaining.firstReturn
        if let evidence, evidence.firstReturn >= place { return }
        let misfit = answered[remaining.operation(at: place)]
        let prefix = frames.dropLast().flatMap { frame in
            frame.run.operations.map { unanswered[$0] } + [answered[remaining.operation(at: frame.place)]]
        }
        let state = states[frames[frames.count - 1].state]
        evidence = (place, LinearizabilityViolation(key: misfit.key, prefix: prefix, state: state, misfit: misfit))
    }
}

/// One place of a search: what might come next there.
struct SearchFrame: Sendable {
    /// Operations of unknown outcome, by number, and the state after them.
    struct Run: Sendable {
        let operations: [Int]
        let state: Int
    }

    let state: Int
    /// Call that is tried after the current run.
    var place: Int
    /// Shorter ones first. None reaches the state of another by using up the same operations and more.
    private(set) var runs: [Run]
    var current = 0
    private var extended = 0

    init(state: Int, place: Int) {
        self.state = state
        self.place = place
        runs = [Run(operations: [], state: state)]
    }

    var run: Run { runs[current] }

    mutating func nextToExtend() -> Run? {
        guard extended < runs.count else { return nil }
        extended += 1
        return runs[extended - 1]
    }

    mutating func add(_ run: Run) {
        let isCovered = runs.contains { other in
            other.state == run.state && other.operations.allSatisfy(run.operations.contains)
        }
        if !isCovered { runs.append(run) }
    }
}

extension RecordedOperation {
    /// Nil for an operation of unknown outcome.
    fileprivate var returnedAt: UInt64? {
        if case .answered(_, let time) = outcome { max(calledAt, time) } else { nil }
    }
}
