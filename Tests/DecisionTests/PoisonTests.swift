import Decision
import Directory
import Identity
import Kernel
import Testing
import Wire

/// A node and its directory.
private struct Node {
    var world = World()

    init() { world.succeed(.put(.principal(PrincipalSpec(id: "agent/bot")), .none)) }

    static func text(_ action: String) -> String {
        "permit(principal, action == Action::\"\(action)\", resource);"
    }

    /// Drafts a version and puts it in force, which on other nodes it is.
    mutating func poison(_ set: String = "app") throws {
        guard case .done(let done)? = world.attempt(.draftPolicies(PolicyDraft(set: set, text: Self.text("any")))),
            let version = done.created.first.flatMap({ UInt64($0) })
        else { throw Missing() }
        try spoil(set, version)
        world.succeed(.activatePolicies(set: set, version: version, .none))
    }

    private struct Missing: Error {}

    private mutating func spoil(_ set: String, _ version: UInt64) throws {
        let view = DirectoryView(world.rows, codec: world.codec)
        let record = try #require(try view.policyVersion(set, version))
        let row = StoredRecord.policyVersion(
            PolicyVersionRecord(
                set: set,
                version: version,
                text: "permit(principal, action, resource) unless never;",
                note: "",
                author: record.author,
                state: record.state,
                activatedAt: record.activatedAt,
                metadata: record.metadata
            )
        )
        world.rows.set(world.codec.encode(row), for: row.key)
    }

    /// What a process that starts now decides from.
    var restarted: DecisionSnapshot {
        DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec)
    }

    func codes(_ snapshot: DecisionSnapshot, _ actions: String...) throws -> [DecisionCode] {
        try actions.map {
            snapshot.decide(try World.query("agent/bot", $0), by: .principal("agent/bot"), at: world.moment).code
        }
    }
}

/// Policies that this program cannot read, as another one may have drafted them.
@Suite("Poison policies") struct PoisonTests {
    @Test("one that is activated leaves the version before in force, and is told of") func lastGood() throws {
        var node = Node()
        node.world.enact(Node.text("read"))
        try node.poison()
        for snapshot in [node.world.snapshot, node.restarted] {
            #expect(try node.codes(snapshot, "read", "any") == [.allowed, .noPermit])
            #expect(snapshot.damage == nil && snapshot.isUsable)
            let unread = try #require(snapshot.unreadPolicies.first)
            #expect((unread.set, unread.version, unread.inForce) == ("app", 2, 1))
            #expect(unread.reason.contains("1:"))
        }
        // Everything else is followed.
        node.world.succeed(.revoke(.principal("agent/bot"), reason: ""))
        #expect(try node.codes(node.world.snapshot, "read") == [.principalRevoked])
        #expect(node.world.snapshot.unreadPolicies.count == 1)
    }

    @Test("the next version that can be read is in force at once") func over() throws {
        var node = Node()
        node.world.enact(Node.text("read"))
        try node.poison()
        try node.poison()
        #expect(node.world.snapshot.unreadPolicies.map(\.version) == [3])
        #expect(node.restarted.unreadPolicies.map(\.inForce) == [1])
        node.world.enact(Node.text("write"))
        for snapshot in [node.world.snapshot, node.restarted] {
            #expect(try node.codes(snapshot, "read", "write") == [.noPermit, .allowed])
            #expect(snapshot.unreadPolicies.isEmpty)
        }
    }

    @Test("the version before is the one that was in force last, whatever its number") func order() throws {
        var node = Node()
        node.world.enact(Node.text("read"))
        node.world.enact(Node.text("write"))
        node.world.succeed(.activatePolicies(set: "app", version: 1, .none))
        try node.poison()
        for snapshot in [node.world.snapshot, node.restarted] {
            #expect(try node.codes(snapshot, "read", "write") == [.allowed, .noPermit])
            #expect(snapshot.unreadPolicies.map(\.inForce) == [1])
        }
    }

    @Test("with no version before, every decision denies: what the set forbids is not known") func first() throws {
        var node = Node()
        node.world.enact(Node.text("read"))
        try node.poison("guard")
        for snapshot in [node.world.snapshot, node.restarted] {
            #expect(try node.codes(snapshot, "read") == [.notReady])
            #expect(snapshot.damage?.description.contains("guard version 1") == true)
        }
        node.world.enact("forbid(principal, action == Action::\"drop\", resource);", set: "guard")
        #expect(try node.codes(node.world.snapshot, "read", "drop") == [.allowed, .forbidden])
        #expect(node.world.snapshot.damage == nil)
    }

    @Test("a set that is deleted is told of no more") func deleted() throws {
        var node = Node()
        node.world.enact(Node.text("read"))
        try node.poison()
        node.world.succeed(.deletePolicySet("app", .none))
        #expect(node.world.snapshot.unreadPolicies.isEmpty && node.world.snapshot.damage == nil)
        #expect(try node.codes(node.world.snapshot, "read") == [.noPermit])
    }
}
