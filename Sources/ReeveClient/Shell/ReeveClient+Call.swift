internal import Kernel

/// Carries out what a `DecisionCall` says.
extension ReeveClient {
    private enum Event: Sendable {
        case answered(attempt: Int, Answer)
        case woke
    }

    func run(_ request: Transport.Call, _ call: DecisionCall) async -> Result<[Decision], ReeveClientError> {
        await withTaskGroup(of: Event.self) { group in
            var call = call
            var answers: [Int: Answer] = [:]
            var effects = call.step(.begin, at: now, &selection)
            while true {
                for effect in effects {
                    switch effect {
                    case .ask(let node, let attempt):
                        let (transport, timeout) = (transport, options.attemptTimeout)
                        group.addTask {
                            .answered(attempt: attempt, await transport.send(request, to: node, within: timeout))
                        }
                    case .wake(let instant):
                        let time = clockTime(instant)
                        group.addTask {
                            try? await Task.sleep(until: time, clock: .continuous)
                            return .woke
                        }
                    case .finish(let outcome):
                        group.cancelAll()
                        return result(outcome, answers)
                    }
                }
                let event = await group.next()
                // Before the core hears of it: requests that were cancelled say nothing of their nodes.
                guard let event, !Task.isCancelled, !isShutDown else {
                    group.cancelAll()
                    return .failure(interruption)
                }
                effects = call.step(input(event, &answers), at: now, &selection)
            }
        }
    }

    private var interruption: ReeveClientError {
        isShutDown
            ? ReeveClientError(.shutDown, "the client was shut down")
            : ReeveClientError(.cancelled, "the task was cancelled before an answer came")
    }

    private func input(_ event: Event, _ answers: inout [Int: Answer]) -> DecisionCall.Input {
        guard case .answered(let attempt, let answer) = event else { return .woke }
        answers[attempt] = answer
        switch answer {
        case .decided(_, let revision): return .decided(attempt: attempt, revision: revision)
        case .behind: return .behind(attempt: attempt)
        case .unable: return .unable(attempt: attempt)
        case .refused: return .refused(attempt: attempt)
        case .failed: return .failed(attempt: attempt)
        }
    }

    private func result(
        _ outcome: DecisionCall.Outcome,
        _ answers: [Int: Answer]
    ) -> Result<[Decision], ReeveClientError> {
        switch outcome {
        case .answer(let attempt):
            switch answers[attempt] {
            case .decided(let decisions, let revision):
                // A batch of malformed questions is answered by any state.
                if revision != .max { self.revision.read(revision) }
                return .success(decisions)
            case .behind: return .failure(behind(newest: nil))
            case .unable(let decisions): return .success(decisions)
            case .refused(let error): return .failure(error)
            case .failed(let reason): return .failure(ReeveClientError(.unavailable, reason))
            case nil: return .failure(ReeveClientError(.unavailable, "no answer"))
            }
        case .behind(let newest): return .failure(behind(newest: newest))
        case .unavailable:
            return .failure(ReeveClientError(.unavailable, "no node serves: \(failures(answers))"))
        case .timedOut:
            let failures = failures(answers)
            return .failure(
                ReeveClientError(
                    .timedOut,
                    "no answer within \(options.callTimeout)" + (failures.isEmpty ? "" : "; \(failures)")
                )
            )
        }
    }

    private func behind(newest: UInt64?) -> ReeveClientError {
        let place = newest.map { "; the newest is at revision \($0)" } ?? ""
        return ReeveClientError(.behind, "no node has caught up in time" + place)
    }

    private func failures(_ answers: [Int: Answer]) -> String {
        answers.sorted { $0.key < $1.key }.compactMap { if case .failed(let reason) = $0.value { reason } else { nil } }
            .joined(separator: "; ")
    }
}
