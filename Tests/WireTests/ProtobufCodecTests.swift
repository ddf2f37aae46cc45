import Directory
import FoundationEssentials
import Kernel
import SwiftProtobuf
import Testing
import Wire

@Suite("ProtobufCodec") struct ProtobufCodecTests {
    let codec = ProtobufCodec()
    let samples: DirectorySamples

    init() throws { samples = try DirectorySamples() }

    @Test("every command comes back equal")
    func commands() throws {
        #expect(samples.commands.count > 90)
        for command in samples.commands {
            let decoded = try codec.decodeCommand(codec.encode(command))
            #expect(decoded == command)
            #expect(codec.encode(decoded) == codec.encode(command))
        }
    }

    @Test("every record comes back equal")
    func records() throws {
        #expect(samples.records.count > 60)
        for record in samples.records {
            let decoded = try codec.decodeRecord(codec.encode(record))
            #expect(decoded == record)
            #expect(codec.encode(decoded) == codec.encode(record))
        }
    }

    @Test("different values have different bytes")
    func injective() {
        let bytes = samples.commands.map { codec.encode($0) } + samples.records.map { codec.encode($0) }
        #expect(Set(bytes).count == bytes.count)
    }

    /// The state root and every log in the field depend on these bytes: a change here breaks clusters.
    @Test("the bytes stay what they were in the first version")
    func stableBytes() {
        var hasher = DigestHasher()
        for command in samples.commands { hasher.update(Digest.of(codec.encode(command))) }
        #expect(hasher.finalize().hex == "6165a514315b017287c3ef2acca05240cc9226bac1b1e07e6faf0832ea278622")
        hasher = DigestHasher()
        for record in samples.records { hasher.update(Digest.of(codec.encode(record))) }
        #expect(hasher.finalize().hex == "30b89a6dc13923cd56d7b9dbb6623689176c9b52023f274d2d3237eae0581950")
    }

    @Test("text keeps its bytes: composed and decomposed letters stay apart")
    func textBytes() throws {
        for name in ["\u{E9}", "e\u{301}"] {
            let record = StoredRecord.role(
                RoleRecord(spec: RoleSpec(name: "r", description: name), metadata: samples.metadata)
            )
            guard case .role(let decoded) = try codec.decodeRecord(codec.encode(record)) else {
                Issue.record("not a role")
                return
            }
            #expect(Array(decoded.spec.description.utf8) == Array(name.utf8))
        }
    }

    @Test("a field that is not known is refused, on the outside and within")
    func unknownFields() throws {
        let command = samples.commands[0]
        #expect(throws: DirectoryDecodeError.self) { try codec.decodeCommand(codec.encode(command) + [0xF8, 0x07, 1]) }
        var inner = Array(try ProtoCommand(serializedBytes: codec.encode(command)).body.serializedBytes() as [UInt8])
        inner += [0xF8, 0x07, 1]
        var tampered = try ProtoCommand(serializedBytes: codec.encode(command))
        tampered.body = try ProtoCommandBody(serializedBytes: inner)
        #expect(throws: DirectoryDecodeError("reeve.directory.v1.Command: not as this program would encode it")) {
            try codec.decodeCommand(bytes(of: tampered))
        }
    }

    @Test("lists out of order, repeated names and roundabout numbers are refused")
    func notCanonical() throws {
        let role = RoleRecord(spec: RoleSpec(name: "r", parents: ["a", "b"]), metadata: samples.metadata)
        let changes: [(inout ProtoRoleSpec) -> Void] = [{ $0.parents = ["b", "a"] }, { $0.parents = ["a", "a"] }]
        for change in changes {
            var proto = try ProtoStoredRecord(serializedBytes: codec.encode(.role(role)))
            change(&proto.role.spec)
            #expect(throws: DirectoryDecodeError.self) { try codec.decodeRecord(bytes(of: proto)) }
        }
        let principal = PrincipalRecord(
            spec: PrincipalSpec(id: samples.agent, attributes: ["a": .long(1), "b": .long(2)]),
            metadata: samples.metadata
        )
        for names in [["b", "a"], ["a", "a"], ["a"]] {
            var proto = try ProtoStoredRecord(serializedBytes: codec.encode(.principal(principal)))
            proto.principal.spec.attributes.names = names
            #expect(throws: DirectoryDecodeError.self) { try codec.decodeRecord(bytes(of: proto)) }
        }
        let canonical = codec.encode(
            .ledger(LedgerRecord(time: .distantPast, commandCount: 1, retryFloor: .zero, epoch: 0))
        )
        #expect(canonical.hex == "12021001")
        for roundabout in ["1203108100", "12041000" + "1001", "12060800" + "10011800", "1282001001"] {
            let bytes = try #require([UInt8](hex: roundabout))
            #expect(throws: DirectoryDecodeError.self, "\(roundabout)") { try codec.decodeRecord(bytes) }
        }
    }

    @Test("unknown codes, kinds and empty choices are refused")
    func unknownChoices() throws {
        let record = samples.records.first { if case .command = $0 { true } else { false } }
        var proto = try ProtoStoredRecord(serializedBytes: codec.encode(try #require(record)))
        proto.command.result = .with { $0.refused = .with { $0.code = "new_code" } }
        #expect(throws: DirectoryDecodeError("refusal.code: not known")) { try codec.decodeRecord(bytes(of: proto)) }
        var principal = try ProtoStoredRecord(serializedBytes: codec.encode(samples.records[0]))
        principal.principal.spec.id.kind = .UNRECOGNIZED(9)
        #expect(throws: DirectoryDecodeError("principal.kind: 9 is not known")) {
            try codec.decodeRecord(bytes(of: principal))
        }
        #expect(throws: DirectoryDecodeError("record: missing")) { try codec.decodeRecord([]) }
        #expect(throws: DirectoryDecodeError.self) { try codec.decodeCommand([]) }
    }

    @Test("attributes nest three times as deep as is permitted, and deeper ones are refused without a crash")
    func depth() throws {
        func nested(_ depth: Int) -> StoredRecord {
            let value = (0..<depth).reduce(AttributeValue.long(1)) { value, level in
                level.isMultiple(of: 2) ? .record(["a": value]) : .set([value])
            }
            return .principal(
                PrincipalRecord(
                    spec: PrincipalSpec(id: samples.agent, attributes: ["a": value]),
                    metadata: samples.metadata
                )
            )
        }
        let deep = nested(Limits.attributeDepth * 3)
        #expect(try codec.decodeRecord(codec.encode(deep)) == deep)
        #expect(throws: DirectoryDecodeError.self) { try codec.decodeRecord(codec.encode(nested(1000))) }
    }

    @Test("of damaged bytes only canonical ones decode", arguments: [1, 2, 3] as [UInt64])
    func damaged(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let commands = samples.commands.map { codec.encode($0) }
        let records = samples.records.map { codec.encode($0) }
        var accepted = 0
        for round in 0..<15_000 {
            let command = mutated(commands[round % commands.count], &random)
            if let value = try? codec.decodeCommand(command) {
                accepted += 1
                #expect(codec.encode(value) == command, "seed \(seed), round \(round)")
            }
            let record = mutated(records[round % records.count], &random)
            if let value = try? codec.decodeRecord(record) {
                accepted += 1
                #expect(codec.encode(value) == record, "seed \(seed), round \(round)")
            }
        }
        #expect(accepted > 1000, "seed \(seed) accepted only \(accepted)")
    }
}
