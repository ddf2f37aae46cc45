internal import Cedar
package import Decision
internal import Directory
package import Identity
internal import Kernel

/// Questions and credentials of the population, made once.
package struct PopulationQueries: Sendable {
    private let queries: [DecisionQuery]
    private let credentials: [Credential]
    private let documentCount: Int

    package init(_ population: Population) {
        documentCount = population.documents.count
        credentials = population.agents.map { .principal($0) }
        queries = population.agents.flatMap { agent in
            population.documents.compactMap { document in
                try? DecisionQuery(
                    subject: (agent.kind.rawValue, agent.name, .empty),
                    action: (Population.action, .empty),
                    resource: (document.type, document.id, .empty)
                )
            }
        }
        invariant(queries.count == credentials.count * documentCount, "every question of the population is well formed")
    }

    package func query(_ agent: Int, _ document: Int) -> DecisionQuery { queries[agent * documentCount + document] }
    package func credential(_ agent: Int) -> Credential { credentials[agent] }
}
