internal import Kernel
internal import Replica

/// Processes that the operating system does not let run, and other things that are over after some time.
extension World {
    /// - Returns: Whether there is a process.
    mutating func pause(_ node: Int, for span: Span) -> Bool {
        guard machines[node].isUp else { return false }
        let end = now.advanced(by: span)
        var pause = machines[node].pause.take() ?? Machine.Pause(end: end)
        pause.end = max(pause.end, end)
        machines[node].pause = pause
        queue.schedule(.eased, at: end)
        return true
    }

    /// Late timers and all that has come are due at once, in their order.
    mutating func resume(_ node: Int) {
        guard let pause = machines[node].pause.take() else { return }
        disturbedAt = now
        for event in pause.queued { queue.schedule(event, at: now) }
    }

    mutating func ease() {
        for node in machines.indices {
            if let pause = machines[node].pause, pause.end <= now { resume(node) }
            if let end = machines[node].fullUntil, end <= now { machines[node].fullUntil = nil }
        }
        disturbedAt = now
        noteStanding()
    }

    /// Whether an event waits since its process does not run, or has gone past it.
    mutating func keepForLater(_ event: WorldEvent) -> Bool {
        guard let node = event.awaitsProcess, machines[node].pause != nil else { return false }
        switch event {
        case .deliver(var frame):
            // The operating system takes what comes, if it comes.
            guard isHeard(frame), (machines[node].pause?.queued.count ?? 0) < Machine.Pause.limit else {
                recordArrival(frame, isReceived: false)
                return true
            }
            frame.isBuffered = true
            machines[node].pause?.queued.append(.deliver(frame))
        default: machines[node].pause?.queued.append(event)
        }
        return true
    }

    /// Whether a frame comes to the machine that it is for.
    func isHeard(_ frame: WorldEvent.Frame) -> Bool {
        (frame.isBuffered || network.connects(frame.from, frame.to)) && members[frame.to] == frame.receiver
    }

    /// What a process that does not run is given by hand waits with the rest.
    mutating func keepForLater(_ input: ReplicaNode.Input, _ node: Int) -> Bool {
        guard machines[node].pause != nil else { return false }
        let process = machines[node].generation
        machines[node].pause?.queued.append(.given(node: node, process: process, input))
        return true
    }
}

extension WorldEvent {
    /// The machine whose process has to run for it; nil for what happens to machines, or elsewhere.
    fileprivate var awaitsProcess: Int? {
        switch self {
        case .deliver(let frame): frame.to
        case .wake(let node, _), .logBatchWritten(let node, _), .entriesApplied(let node, _),
            .entriesRead(let node, _, _, _, _), .snapshotRead(let node, _, _, _, _), .snapshotStaged(let node, _, _),
            .snapshotInstalled(let node, _, _), .compacted(let node, _, _), .logRepaired(let node, _, _, _),
            .readForRepair(let node, _, _, _, _, _), .statementsJudged(let node, _, _, _),
            .statementsKept(let node, _, _), .sealMarkKept(let node, _, _), .sealSigned(let node, _, _),
            .logRead(let node, _, _, _, _), .sealedSnapshotRead(let node, _, _, _, _),
            .snapshotChecked(let node, _, _), .linkReviewed(let node, _, _), .scrubbed(let node, _),
            .given(let node, _, _), .linkClosed(let node, _, _), .claim(let node, _), .reportRollouts(let node, _):
            node
        case .furnish, .fault, .eased, .crash, .start, .load, .operate, .wipe, .lie, .thieve, .attempt, .clientTimeout:
            nil
        }
    }
}
