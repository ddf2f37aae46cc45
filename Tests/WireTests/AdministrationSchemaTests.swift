import Cedar
import Kernel
import Testing

@testable import Directory

/// That the schema by which administration policies are reviewed says of commands what they are.
@Suite("The schema of administration") struct AdministrationSchemaTests {
    @Test("admits each command as policies see it") func commands() throws {
        let bodies = try DirectorySamples().bodies
        var actions: Set<String> = []
        for body in bodies {
            switch body {
            // No policy is asked about these.
            case .bootstrap, .claimMember, .claimSealKey, .judgeStatement, .reportRollout: continue
            default: break
            }
            // A node joins by the right of whoever made its ticket.
            let action =
                switch body {
                case .join, .joinEdge: "issueJoinTicket"
                default: body.action
                }
            actions.insert(action)
            let resource = body.resource ?? EntityUIDs.cluster
            let schema = SchemaConformance(Schema.administration(resourceTypes: [resource.type]))
            for exists in [true, false] {
                let request = Request(
                    principal: EntityUIDs.administrator(.zero),
                    action: EntityUIDs.action(action),
                    resource: resource,
                    context: body.context(exists: exists)
                )
                do { try schema.check(request) } catch { Issue.record("\(action): \(error)") }
            }
        }
        #expect(actions.count == 30)
    }
}
