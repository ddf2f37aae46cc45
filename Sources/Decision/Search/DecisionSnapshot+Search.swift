internal import Cedar
internal import Directory
package import Identity
internal import Kernel

extension DecisionSnapshot {
    /// A page of the entities or actions that `decide` would allow, each of which it was asked about.
    ///
    /// Candidates come from what the policies leave of the question while it is not known about whom it is: who has a role
    /// that a permit names is found by the role. Only where a permit leaves that open are all entities of the type candidates.
    package func search(
        _ query: SearchQuery,
        _ page: SearchPage,
        by credential: Credential,
        at moment: DecisionMoment?
    ) -> SearchAnswer {
        let workspace = DecisionWorkspace()
        var work = DecisionWork(snapshot: self, moment: moment, workspace: workspace)
        do throws(Denial) {
            let bound = try work.bound(query, credential)
            return search(query, page, among: lists(bound, query), by: credential, at: moment, in: workspace)
        } catch {
            return answer(refusal: work.answer(error.code), [], next: nil, at: moment)
        }
    }

    private func search(
        _ query: SearchQuery,
        _ page: SearchPage,
        among lists: [SortedIDs],
        by credential: Credential,
        at moment: DecisionMoment?,
        in workspace: DecisionWorkspace
    ) -> SearchAnswer {
        // One more shows whether anything follows.
        let candidates = SortedIDs.merged(lists, after: page.start, limit: SearchLimits.candidates + 1)
        var matches: [SearchAnswer.Match] = []
        var (last, steps) = (page.start, 0)
        for (count, id) in candidates.enumerated() {
            guard count < SearchLimits.candidates, steps < SearchLimits.steps, matches.count < page.limit else {
                return answer(refusal: nil, matches, next: last, at: moment)
            }
            last = id
            guard let question = query.question(about: id) else { continue }
            var work = DecisionWork(snapshot: self, moment: moment, workspace: workspace)
            let answer = work.answer(to: question, by: credential)
            steps += work.steps
            if answer.isAllowed { matches.append(SearchAnswer.Match(id: id, query: question, answer: answer)) }
        }
        return answer(refusal: nil, matches, next: nil, at: moment)
    }

    private func answer(
        refusal: DecisionAnswer?,
        _ matches: [SearchAnswer.Match],
        next: String?,
        at moment: DecisionMoment?
    ) -> SearchAnswer {
        SearchAnswer(
            refusal: refusal,
            matches: matches,
            next: next,
            revision: revision,
            epoch: epoch,
            age: moment?.age
        )
    }

    /// The candidates, in as many lists as they are kept in.
    private func lists(_ bound: CandidateBound, _ query: SearchQuery) -> [SortedIDs] {
        let type = query.type
        let named = bound.entities.union(bound.groups).filter { $0.type == type }
        let single = [SortedIDs(named.map(\.id))]
        if !bound.isOpen {
            let groups = index.groups(below: bound.groups.sorted(), limit: SearchLimits.groupSearch)
            if let groups, groups.count <= SearchLimits.groups {
                return single + groups.compactMap { index.members(of: $0, type: type) }
            }
        }
        return single + (query.target == .action ? policies.map { index.actions(of: $0.name) } : [index.all(of: type)])
    }
}

extension DecisionWork {
    /// What a search can find, as far as the policies say so of all candidates at once.
    ///
    /// Refused for what is wrong with the caller or the node. The standing of another subject, and a conflict with what the
    /// directory says, are for those alone who may ask about the subject, and that shows only candidate by candidate.
    mutating func bound(_ query: SearchQuery, _ credential: Credential) throws(Denial) -> CandidateBound {
        let moment = try usableMoment()
        let caller = try authenticate(credential, moment)
        let asksForItself = query.open.subject.uid == caller.uid
        try checkStanding(of: caller, isSubject: asksForItself)
        guard moment.age <= snapshot.maximumAge else { throw Denial(.stale) }
        do throws(Denial) {
            try assert(query.open.subject, caller.uid, moment)
            try assert(query.open.resource, caller.uid, moment)
        } catch {
            if asksForItself { throw error }
            return .none
        }
        return bound(query, moment)
    }

    private func bound(_ query: SearchQuery, _ moment: DecisionMoment) -> CandidateBound {
        let request = PartialRequest(request(query.open, moment), without: query.unknown)
        var evaluator = PartialEvaluator(request: request, entities: entities(moment))
        var bound = CandidateBound.none
        for set in snapshot.policies {
            for rule in set.rules {
                let outcome = evaluator.outcome(of: rule.policy)
                switch (rule.policy.effect, outcome) {
                case (.permit, _): bound.formUnion(CandidateBound(of: query.unknown, where: outcome))
                // It denies whoever is asked about.
                case (.forbid, .satisfied): return .none
                case (.forbid, .failed(let error)) where !error.isExhaustion: return .none
                case (.forbid, _): continue
                }
            }
        }
        return bound
    }
}
