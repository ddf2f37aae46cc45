import Cedar
import Directory
import Kernel
import LinkFrames
import NIOCore
import Wire

/// What is well-formed, of each kind, to be changed by the fuzzer.
enum Samples {
    static let json = texts([
        #"{"a": [1, -2.5e3, true, null, "\u00e9\ud83d\ude00\n"], "b": {"c": {}}}"#,
        #"[[], [[]], "", 9223372036854775807, -0, 1E-400]"#,
    ])

    static let policies = texts([
        """
        @id("readers")
        permit (principal in Role::"reader", action == Action::"read", resource is Doc in Folder::"f")
        when { resource has owner.name && resource.owner.name like "a*\\*" }
        unless { context.count + 3 * -2 - 1 >= 7 || !(context.count < 9223372036854775807) };
        """,
        """
        forbid (principal, action in [Action::"read", Action::"write"], resource)
        when {
            if principal has "tags" then [1, "x", {a: 1, "b c": [true]}].containsAll([context.count, principal])
            else context == {count: 5, note: "n"} && principal.hasTag("t") && principal.getTag("t") != resource["k"]
        };
        """,
        """
        permit (principal is User, action, resource)
        when {
            ip("10.0.0.1").isInRange(ip("10.0.0.0/8")) && ip("::1/128").isLoopback()
            && decimal("1.2345").lessThan(decimal("-0.1")) && datetime("2024-02-29T23:59:59.999+0100").toDate()
            < datetime("1970-01-01").offset(duration("-1d2h3m4s5ms")) && duration("1h").toMinutes() > 2
            && principal in [Role::"reader", Group::"g"] && [].isEmpty() && [2].containsAny([1, 2])
        };
        """,
        #"permit (principal == ?principal, action, resource in ?resource) unless { false };"#,
    ])

    static let schemas = texts([
        """
        namespace App {
            type Address = { street: String, zip?: Long, "of kin": Set<User> };
            entity Level enum ["a", "b"];
            entity User in [Team, Org::Unit] = { home: Address, since: __cedar::datetime, ip: ipaddr } tags Set<String>;
            entity Team, Doc;
            @doc("reads")
            action "read", write in ["all", Org::Action::"any"]
                appliesTo { principal: [User], resource: Doc, context: { count: Long, limit?: decimal } };
            action all;
        }
        namespace Org { entity Unit; action any; }
        """,
        "entity Free { a: { b: { c: Bool } } }; type T = Set<Set<T2>>; type T2 = Long;",
    ])

    static let entities = texts([
        """
        [{"uid": {"type": "User", "id": "u"}, "attrs": {"a": 1, "ip": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}},
        "ref": {"__entity": {"type": "A::B", "id": "x"}}, "set": [1, [true], {"k": "v"}]},
        "parents": [{"type": "Role", "id": "reader"}], "tags": {"t": "v"}},
        {"uid": {"__entity": {"type": "Role", "id": "reader"}}, "attrs": {}, "parents": []}]
        """
    ])

    static let commands = directory.commands.map { ProtobufCodec().encode($0) }
    static let records = directory.records.map { ProtobufCodec().encode($0) }

    static let firstFrames: [[UInt8]] = {
        let hello = Hello(
            lineage: Lineage(high: 1, low: 2),
            sender: MemberID(high: 3, low: 4),
            senderName: "n1",
            instance: .of([5]),
            receiver: MemberID(high: 6, low: 7)
        )
        return [FirstFrame.hello(hello), .refusal(.wrongKey)].map { frame in
            var bytes = ByteBuffer(bytes: [40])
            FrameDecoder.encode(frame.bytes, into: &bytes)
            FrameDecoder.encode(frame.bytes, into: &bytes)
            return Array(bytes.readableBytesView)
        }
    }()

    static let pairs = [
        StatePairs(pairs: [
            .init(key: [1], value: []), .init(key: [1, 0], value: [7]), .init(key: [2], value: [8, 9]),
        ])
        .encoded()
    ]

    static let request = Request(
        principal: EntityUID(type: "User", id: "u"),
        action: EntityUID(type: "Action", id: "read"),
        resource: EntityUID(type: "Doc", id: "d"),
        context: ["count": .long(5), "note": .string("n")]
    )

    static let store: EntityStore = {
        let user = Entity(
            uid: request.principal,
            attributes: ["tags": .set([.long(1), .string("x")]), "name": .string("ann")],
            tags: ["t": .string("v")],
            parents: [EntityUID(type: "Role", id: "reader")]
        )
        let owner: Value = .record(["name": .string("a*b")])
        let doc = Entity(
            uid: request.resource,
            attributes: ["owner": owner, "k": .long(.max)],
            parents: [EntityUID(type: "Folder", id: "f")]
        )
        return (try? EntityStore([user, doc])) ?? .empty
    }()

    private static let directory: DirectorySamples = {
        do { return try DirectorySamples() } catch { fatalError("\(error)") }
    }()

    private static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
}
