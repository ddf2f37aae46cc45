import Kernel
import Testing

@Suite("Admission of peers")
struct PeerAdmissionTests {
    private let one = MemberID(high: 1, low: 1)
    private let two = MemberID(high: 2, low: 2)
    private let gone = MemberID(high: 3, low: 3, incarnation: 2)
    private let disks = Digest.of([1])

    private var admission: PeerAdmission {
        PeerAdmission(members: [one, two], instances: [one: disks], former: [gone])
    }

    @Test("a member comes from the data directory that it has named, or from any while it has named none")
    func instances() {
        #expect(admission.refusal(of: one, from: disks) == nil)
        #expect(admission.refusal(of: one, from: .of([2])) == .otherInstance)
        #expect(admission.refusal(of: two, from: .of([2])) == nil)
    }

    @Test("who was removed is told so, under its incarnation and earlier ones; who comes under a later one is unknown")
    func removed() {
        #expect(admission.refusal(of: gone) == .removed)
        #expect(admission.refusal(of: MemberID(high: 3, low: 3, incarnation: 1)) == .removed)
        #expect(admission.refusal(of: MemberID(high: 3, low: 3, incarnation: 3)) == .unknown)
        #expect(admission.refusal(of: MemberID(high: 9, low: 9)) == .unknown)
    }

    private func peers(
        named: [MemberID],
        invited: [MemberID] = [],
        introduced: [MemberID] = []
    ) -> Set<MemberID> {
        PeerAdmission.peers(
            of: two,
            named: named,
            configuration: [],
            invited: invited,
            introduced: introduced,
            former: [gone]
        )
    }

    @Test("those who invited a node count until its own state names it, but for those who were removed since")
    func invited() {
        #expect(peers(named: [], invited: [one, gone]) == [one])
        #expect(peers(named: [two], invited: [one, gone]) == [two])
    }

    @Test("those whom voters introduce count beside the members, but under no incarnation that was removed")
    func introduced() {
        let earlier = MemberID(high: 3, low: 3, incarnation: 1)
        let later = MemberID(high: 3, low: 3, incarnation: 3)
        #expect(peers(named: [two], introduced: [one, gone, earlier, later]) == [one, two, later])
    }

    private func dialled(isEdge: Bool, neighbours: [MemberID]) -> Set<MemberID> {
        PeerAdmission.dialled(
            isEdge: isEdge,
            members: [one],
            configuration: [MemberID(high: 4, low: 4)],
            invited: [MemberID(high: 5, low: 5)],
            introduced: [MemberID(high: 6, low: 6)],
            neighbours: neighbours
        )
    }

    @Test("a member sends to all members and its neighbours; an edge to its neighbours, once it knows any")
    func dialled() {
        let members = Set([one] + (4...6).map { MemberID(high: $0, low: $0) })
        let neighbour = MemberID(high: 7, low: 7)
        #expect(dialled(isEdge: false, neighbours: []) == members)
        #expect(dialled(isEdge: false, neighbours: [neighbour]) == members.union([neighbour]))
        #expect(dialled(isEdge: true, neighbours: []) == members)
        #expect(dialled(isEdge: true, neighbours: [neighbour]) == [neighbour, MemberID(high: 6, low: 6)])
    }
}
