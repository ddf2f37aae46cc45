import Directory
import Identity
import Kernel
import Testing

@Suite("Principals") struct PrincipalTests {
    @Test("what is put is found, with the index and time of the change") func put() throws {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        directory.advance(.seconds(5))
        let spec = PrincipalSpec(id: "agent/bot", owner: "user/ann", attributes: ["tier": .long(2)])
        directory.succeed(.put(spec))
        let record = try #require(try directory.view.principal("agent/bot"))
        #expect(record.spec == spec)
        #expect(record.metadata.revision == directory.index)
        #expect(record.metadata.createdAt == directory.time)
    }

    @Test("putting the same again changes nothing and says when it last changed") func putAgain() throws {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        let revision = directory.index
        let outcome = directory.apply(.put(PrincipalSpec(id: "user/ann")))
        #expect(outcome.done?.objectRevision == revision)
        #expect(outcome.applied?.events == [])
        #expect(try directory.view.principal("user/ann")?.metadata.revision == revision)
    }

    @Test("preconditions") func preconditions() throws {
        var directory = TestDirectory()
        let spec = PrincipalSpec(id: "user/ann")
        let other = PrincipalSpec(id: "user/ann", description: "Ann")
        #expect(directory.refusal(.put(spec, .mustExist))?.code == .preconditionFailed)
        #expect(directory.refusal(.put(spec, .revision(LogIndex(1))))?.code == .revisionMismatch)
        #expect(directory.refusal(.put(spec, .mustNotExist)) == nil)
        let revision = directory.index
        #expect(directory.refusal(.put(other, .mustNotExist))?.code == .preconditionFailed)
        #expect(directory.refusal(.put(other, .revision(revision.next)))?.code == .revisionMismatch)
        #expect(directory.refusal(.put(other, .revision(revision))) == nil)
    }

    @Test("owner and parent must be there, and not be revoked") func references() {
        var directory = TestDirectory()
        let spec = PrincipalSpec(id: "agent/bot", owner: "user/ann")
        #expect(directory.refusal(.put(spec)) == CommandResult.Refusal(.unknownReference, ["user/ann"]))
        directory.succeed(.put(PrincipalSpec(id: "user/ann")), .revoke(.principal("user/ann"), reason: ""))
        #expect(directory.refusal(.put(spec)) == CommandResult.Refusal(.revoked, ["user/ann"]))
    }

    @Test("an owner that was revoked later does not block other changes") func revokedOwner() {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(PrincipalSpec(id: "agent/bot", owner: "user/ann")),
            .revoke(.principal("user/ann"), reason: "left"),
            .put(PrincipalSpec(id: "agent/bot", owner: "user/ann", description: "still here"))
        )
    }

    @Test("nobody is an ancestor of itself") func cycle() {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "agent/a")),
            .put(PrincipalSpec(id: "agent/b", parent: "agent/a")),
            .put(PrincipalSpec(id: "agent/c", owner: "agent/b"))
        )
        #expect(directory.refusal(.put(PrincipalSpec(id: "agent/a", parent: "agent/c")))?.code == .cycle)
        #expect(directory.refusal(.put(PrincipalSpec(id: "agent/a", owner: "agent/a")))?.code == .cycle)
    }

    @Test("deleting takes assignments and tokens along") func delete() throws {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(RoleSpec(name: "reader")),
            .put(AssignmentSpec(id: "a1", principal: "user/ann", role: "reader")),
            .issueToken(
                TokenGrant(id: "t1", principal: "user/ann", secretDigest: .of([9]), expiresAt: .distantFuture)
            ),
            .delete(.principal("user/ann"), .none),
            .put(PrincipalSpec(id: "user/ann"))
        )
        #expect(try directory.view.assignments(of: "user/ann").isEmpty)
        #expect(try directory.view.assignment("a1") == nil)
        #expect(try directory.view.token(secretDigest: .of([9])) == nil)
        #expect(try directory.view.assignments(ofRole: "reader").items.isEmpty)
    }

    @Test("who owns something is not deleted") func deleteInUse() {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(ResourceSpec(id: EntityName(type: "Tool", id: "mail"), owner: "user/ann"))
        )
        #expect(directory.refusal(.delete(.principal("user/ann"), .none))?.code == .inUse)
        directory.succeed(.delete(.resource(EntityName(type: "Tool", id: "mail")), .none))
        #expect(directory.refusal(.delete(.principal("user/ann"), .none)) == nil)
    }

    @Test("attributes that Reeve sets cannot be set") func reserved() {
        var directory = TestDirectory()
        for name in ["owner", "parent", "status"] {
            let attributes = Attributes.empty.setting(name, to: .string("x"))
            let refusal = directory.refusal(.put(PrincipalSpec(id: "user/ann", attributes: attributes)))
            #expect(refusal == CommandResult.Refusal(.invalid, ["attributes.\(name)"]))
        }
    }

    @Test("attributes are bounded in size and depth, and must have a form in Cedar") func attributeBounds() {
        var directory = TestDirectory()
        func refusal(_ value: AttributeValue) -> RefusalCode? {
            directory.refusal(.put(PrincipalSpec(id: "user/ann", attributes: ["x": value])))?.code
        }
        let deep = (0..<40).reduce(AttributeValue.long(1)) { value, _ in .set([value]) }
        #expect(refusal(deep) == .tooDeep)
        #expect(refusal(.string(String(repeating: "x", count: 70_000))) == .tooLarge)
        #expect(refusal(.extension(function: "ip", argument: "not an address")) == .invalid)
        #expect(refusal(.extension(function: "system", argument: "")) == .invalid)
        #expect(refusal(.entity(EntityName(type: "a b", id: ""))) == .invalid)
        #expect(refusal(.extension(function: "ip", argument: "10.0.0.0/8")) == nil)
    }

    @Test("names keep to the grammar") func grammar() {
        #expect(PrincipalID(parsing: "agent/a.b-c_D9")?.name == "a.b-c_D9")
        for text in ["agent/", "agent", "agent/.", "agent/..", "agent/a/b", "robot/a", "agent/é", "agent/a b"] {
            #expect(PrincipalID(parsing: text) == nil, "\(text)")
        }
        #expect(PrincipalID(kind: .user, name: String(repeating: "x", count: 129)) == nil)
    }
}

@Suite("Roles and assignments") struct RoleTests {
    @Test("an unknown parent role is refused by name") func unknownParent() {
        var directory = TestDirectory()
        let refusal = directory.refusal(.put(RoleSpec(name: "editor", parents: ["viewer"])))
        #expect(refusal == CommandResult.Refusal(.unknownReference, ["role/viewer"]))
    }

    @Test("roles form no cycle") func cycle() {
        var directory = TestDirectory()
        directory.succeed(
            .put(RoleSpec(name: "a")),
            .put(RoleSpec(name: "b", parents: ["a"])),
            .put(RoleSpec(name: "c", parents: ["b"]))
        )
        #expect(directory.refusal(.put(RoleSpec(name: "a", parents: ["c"])))?.code == .cycle)
    }

    @Test("a chain of 32 roles is the longest") func depth() {
        var directory = TestDirectory()
        directory.succeed(.put(RoleSpec(name: "r0")))
        for number in 1...32 {
            directory.succeed(.put(RoleSpec(name: "r\(number)", parents: ["r\(number - 1)"])))
        }
        #expect(directory.refusal(.put(RoleSpec(name: "r33", parents: ["r32"])))?.code == .tooDeep)
    }

    @Test("a role that got too deep from above can be changed; nothing comes below it, or in a circle")
    func depthFromAbove() {
        var directory = TestDirectory()
        for name in ["r0", "top", "other"] { directory.succeed(.put(RoleSpec(name: name))) }
        for number in 1...32 {
            directory.succeed(.put(RoleSpec(name: "r\(number)", parents: ["r\(number - 1)"])))
        }
        directory.succeed(.put(RoleSpec(name: "r0", parents: ["top"])))
        directory.succeed(.put(RoleSpec(name: "r32", parents: ["r31"], description: "deep")))
        #expect(directory.refusal(.put(RoleSpec(name: "r32", parents: ["r31", "other"])))?.code == .tooDeep)
        #expect(directory.refusal(.put(RoleSpec(name: "r33", parents: ["r32"])))?.code == .tooDeep)
        #expect(directory.refusal(.put(RoleSpec(name: "top", parents: ["r5"])))?.code == .cycle)
    }

    @Test("a role in use is not deleted, and the refusal says by what") func inUse() {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(RoleSpec(name: "reader")),
            .put(AssignmentSpec(id: "a1", principal: "user/ann", role: "reader"))
        )
        let refusal = directory.refusal(.delete(.role("reader"), .none))
        #expect(refusal == CommandResult.Refusal(.inUse, ["a1"]))
        directory.succeed(.delete(.assignment("a1"), .none), .delete(.role("reader"), .none))
    }

    @Test("an assignment needs its principal, its role and a time that is not empty") func assignment() {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")), .put(RoleSpec(name: "reader")))
        func refusal(_ spec: AssignmentSpec) -> CommandResult.Refusal? { directory.refusal(.put(spec)) }
        let time = WallTime(milliseconds: 5)
        #expect(
            refusal(AssignmentSpec(id: "a", principal: "user/bob", role: "reader"))
                == CommandResult.Refusal(.unknownReference, ["user/bob"])
        )
        #expect(
            refusal(AssignmentSpec(id: "a", principal: "user/ann", role: "writer"))
                == CommandResult.Refusal(.unknownReference, ["role/writer"])
        )
        let empty = AssignmentSpec(
            id: "a",
            principal: "user/ann",
            role: "reader",
            notBefore: time,
            expiresAt: time
        )
        #expect(refusal(empty)?.code == .invalid)
    }

    @Test("an assignment stays with its principal and its role") func immutable() {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(PrincipalSpec(id: "user/bob")),
            .put(RoleSpec(name: "reader")),
            .put(AssignmentSpec(id: "a", principal: "user/ann", role: "reader"))
        )
        let moved = AssignmentSpec(id: "a", principal: "user/bob", role: "reader")
        #expect(directory.refusal(.put(moved)) == CommandResult.Refusal(.immutable, ["principal"]))
    }

    @Test("the grantor is the caller") func grantor() throws {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(RoleSpec(name: "reader")),
            .put(AssignmentSpec(id: "a", principal: "user/ann", role: "reader"))
        )
        #expect(try directory.view.assignment("a")?.grantor == directory.admin)
    }
}

@Suite("Resources") struct ResourceTests {
    static let folder = EntityName(type: "Folder", id: "f")
    static let file = EntityName(type: "Doc::File", id: "a b/ü")

    @Test(
        "types that Reeve defines cannot be taken",
        arguments: [
            "Agent", "User", "Service", "Workflow", "Role", "Action", "X::Action", "Reeve::Cluster", "in", "", "A::",
            "9a",
        ]
    )
    func reservedTypes(type: String) {
        var directory = TestDirectory()
        let refusal = directory.refusal(.put(ResourceSpec(id: EntityName(type: type, id: "x"))))
        #expect(refusal == CommandResult.Refusal(.invalid, ["type"]))
    }

    @Test("parents must be there, and children keep them") func parents() throws {
        var directory = TestDirectory()
        let spec = ResourceSpec(id: Self.file, parents: [Self.folder])
        #expect(directory.refusal(.put(spec))?.code == .unknownReference)
        directory.succeed(.put(ResourceSpec(id: Self.folder)), .put(spec))
        #expect(directory.refusal(.delete(.resource(Self.folder), .none))?.code == .inUse)
        #expect(directory.refusal(.put(ResourceSpec(id: Self.folder, parents: [Self.file])))?.code == .cycle)
        directory.succeed(.put(ResourceSpec(id: Self.file)), .delete(.resource(Self.folder), .none))
    }

    @Test("ids are compared by code units") func codeUnits() throws {
        var directory = TestDirectory()
        let composed = EntityName(type: "Doc", id: "\u{e9}")
        let decomposed = EntityName(type: "Doc", id: "e\u{301}")
        #expect(composed != decomposed)
        directory.succeed(.put(ResourceSpec(id: composed)))
        #expect(try directory.view.resource(decomposed) == nil)
    }
}
