import Directory
import Kernel
import Service
import TestSupport
import Testing

@Suite("Admission of nodes") struct NodeAdmissionTests {
    private let node = MemoryNode()

    private func ticket(_ name: String) -> JoinTicket {
        JoinTicket(
            name: name,
            raftAddress: "10.1.0.1:7401",
            apiAddresses: ["10.1.0.1:7402"],
            secretDigest: .of([1]),
            expiresAt: node.now().wall.advanced(by: .seconds(60)),
            isEdge: true
        )
    }

    private func comeAndGo(_ name: String, _ id: MemberID) {
        node.succeed(.issueJoinTicket(ticket(name)))
        let joining = Joining(
            name: name,
            secretDigest: .of([1]),
            id: id,
            keyFingerprint: .of([20]),
            instance: .of([3])
        )
        _ = node.apply(.joinEdge(joining), by: .node(node.member))
        node.succeed(.removeEdge(id))
        node.advance(.seconds(61))
    }

    @Test("a name that came back is known again however many have gone since") func manyFormer() async throws {
        let id = MemberID(high: .max, low: 1)
        comeAndGo("e", id)
        for number in 1...UInt64(ListRequest.maximumLimit) { comeAndGo("x\(number)", MemberID(high: 9, low: number)) }
        node.succeed(.issueJoinTicket(ticket("e")))
        node.setCheckpoint([5])
        let admitted = try await NodeAdmission(client: node, codec: node.codec).admit(
            NodeAdmission.Application(
                name: "e",
                secretDigest: .of([1]),
                keyFingerprint: .of([40]),
                instance: .of([5])
            )
        )
        #expect(admitted.spec.id == MemberID(high: id.high, low: id.low, incarnation: 2))
        #expect(admitted.checkpoint == [5])
    }

    @Test("a used ticket lets nobody else in who knows its secret: by another key, or from another directory")
    func usedTicket() async throws {
        node.succeed(.issueJoinTicket(ticket("e")))
        node.setCheckpoint([5])
        let admission = NodeAdmission(client: node, codec: node.codec)
        func admit(_ key: UInt8, _ instance: UInt8) async throws -> NodeAdmission.Admitted {
            try await admission.admit(
                NodeAdmission.Application(
                    name: "e",
                    secretDigest: .of([1]),
                    keyFingerprint: .of([key]),
                    instance: .of([instance])
                )
            )
        }
        let first = try await admit(40, 5)
        #expect(try await admit(40, 5) == first)
        for (key, instance) in [(41, 5), (40, 6)] as [(UInt8, UInt8)] {
            let error = await #expect(throws: ServiceError.self) { try await admit(key, instance) }
            #expect(error?.code == RefusalCode.ticketInvalid.rawValue)
        }
    }
}
