import ArgumentParser
import Consensus
import Directory
import Gossip
import Kernel
import Replica
import Sealing
import Wire

/// What the attacker sends. It has the link of an edge that the log names, and nobody's key but its own.
enum Ammunition: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Frames of random bytes, up to 1 KiB, and of 64 KiB.
    case garbage, bulk
    /// Gossip whose body is random bytes.
    case unreadable
    /// As a seal of this moment, with signatures that are none; and of an hour from now.
    case forgedSeals = "forged-seals"
    case futureSeals = "future-seals"
    /// Those that the attacker has heard, over and over.
    case replayedSeals = "replayed-seals"
    /// Under the warrant that there is, with a signature that is none; and under one that there is not.
    case forgedStatements = "forged-statements"
    case unknownWarrants = "unknown-warrants"
    case replayedStatements = "replayed-statements"
    /// What only members may say: votes asked for, commands, seals' answers.
    case membersWords = "members-words"
    /// Questions whose answers cost more than they do: for the log, for a comparison, for how voters changed since ten days ago.
    case questions
    /// One of each in turn.
    case everything

    /// Whether it needs what the attacker must have heard first.
    var needsSeals: Bool { [.forgedSeals, .futureSeals, .replayedSeals, .everything].contains(self) }
    var needsStatements: Bool {
        [.forgedStatements, .unknownWarrants, .replayedStatements, .everything].contains(self)
    }
}

/// What the attacker has heard from others, to send it again and to forge by its pattern.
struct Heard: Sendable {
    var seals: [Seal] = []
    var statements: [SignedStatement] = []

    private static let limit = 256

    mutating func take(_ frame: [UInt8]) {
        guard case .gossip(.record(let record))? = try? PeerCodec.decode(frame).body else { return }
        switch WireRecordCodec().decodeRecord(record.bytes) {
        case .seal(let seal): if seals.count < Self.limit { seals.append(seal) }
        case .statement(let signed): if statements.count < Self.limit { statements.append(signed) }
        case .transition, nil: break
        }
    }
}

/// Makes frames, each another one.
struct Forge {
    let lineage: Lineage
    let member: MemberID
    let heard: Heard
    private var random = SystemRandomNumberGenerator()
    private var count = 0

    init(lineage: Lineage, member: MemberID, heard: Heard) {
        self.lineage = lineage
        self.member = member
        self.heard = heard
    }

    /// Nil where nothing of the kind has been heard.
    mutating func frame(_ kind: Ammunition, at now: WallTime) -> [UInt8]? {
        count += 1
        switch kind {
        case .garbage: return bytes(Int.random(in: 1...1024, using: &random))
        case .bulk: return bytes(64 << 10)
        case .unreadable: return unreadable()
        case .forgedSeals: return seal(from: now, at: now)
        case .futureSeals: return seal(from: now.advanced(by: .seconds(3600)), at: now)
        case .replayedSeals: return cycled(heard.seals).map { gossip(.record(record($0)), at: now) }
        case .forgedStatements: return statement(at: now) { $0 }
        case .unknownWarrants: return statement(at: now) { [count] in "\($0)-\(count)" }
        case .replayedStatements:
            return cycled(heard.statements).map { gossip(.record(record(.statement($0))), at: now) }
        case .membersWords: return word(at: now)
        case .questions: return question(at: now)
        case .everything:
            let kinds = Ammunition.allCases.dropLast()
            return frame(kinds[count % kinds.count], at: now)
        }
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        // A frame of 64 KiB is to cost the attacker little: its words repeat.
        let word = random.next()
        return (0..<count).map {
            UInt8(truncatingIfNeeded: word >> UInt64($0 % 8 * 8)) ^ UInt8(truncatingIfNeeded: $0 >> 3)
        }
    }

    private func cycled<Value>(_ values: [Value]) -> Value? { values.isEmpty ? nil : values[count % values.count] }

    private func message(_ body: PeerMessage.Body, at now: WallTime) -> [UInt8] {
        PeerCodec.encode(PeerMessage(stamp: now, body: body))
    }

    private func gossip(_ message: Gossip.Message, at now: WallTime) -> [UInt8] {
        self.message(.gossip(message), at: now)
    }

    private static let sealStream = MemberID(high: 0, low: 0, incarnation: 0)

    private func record(_ seal: Seal) -> Record {
        let lifetime = Record.Lifetime.untilSuperseded(
            stream: Self.sealStream,
            sequence: seal.statement.time.milliseconds
        )
        return Record(lifetime, bytes: WireRecordCodec().encode(.seal(seal)))
    }

    private func record(_ news: GossipRecord) -> Record {
        Record(.untilSettled, bytes: WireRecordCodec().encode(news))
    }

    /// Field 15 of `PeerMessage`, which holds gossip, with bytes that are no message.
    private mutating func unreadable() -> [UInt8] {
        let body = [UInt8(0xff)] + bytes(199)
        return [15 << 3 | 2, 0xc8, 0x01] + body
    }

    /// The newest that was heard, as of another time, so that everything about it is right but the signatures.
    private mutating func seal(from time: WallTime, at now: WallTime) -> [UInt8]? {
        guard let real = heard.seals.last else { return nil }
        let statement = SealStatement(
            lineage: real.statement.lineage,
            term: real.statement.term,
            claim: real.statement.claim,
            time: time
        )
        let signatures = real.signatures.map { SealSignature(member: $0.member, bytes: bytes(SealSignature.byteCount)) }
        return gossip(.record(record(Seal(statement: statement, signatures: signatures))), at: now)
    }

    private mutating func statement(at now: WallTime, warrant: (String) -> String) -> [UInt8]? {
        guard let real = heard.statements.first?.statement else { return nil }
        let statement = Statement(
            lineage: real.lineage,
            warrant: warrant(real.warrant),
            sequence: real.sequence,
            kind: real.kind,
            subject: real.subject,
            reason: "forgery \(count)",
            issuedAt: now
        )
        let signed = SignedStatement(statement, signature: bytes(SignedStatement.signatureByteCount))
        return gossip(.record(record(.statement(signed))), at: now)
    }

    private mutating func word(at now: WallTime) -> [UInt8] {
        switch count % 3 {
        case 0: message(.forward(RequestID(UInt64(count)), command: bytes(200)), at: now)
        case 1: message(.votersWanted, at: now)
        default: heard.seals.last.map { message(.sealed($0), at: now) } ?? message(.votersWanted, at: now)
        }
    }

    private mutating func question(at now: WallTime) -> [UInt8] {
        switch count % 4 {
        case 0: return message(.entriesWanted(first: LogIndex(1), last: LogIndex(30)), at: now)
        case 1:
            let since = WallTime(milliseconds: now.milliseconds - 10 * 86_400_000)
            return message(.successionWanted(voters: Digest.of(bytes(8)), since: since), at: now)
        case 2: return gossip(.pull(after: LogIndex(1)), at: now)
        default:
            let summary = Gossip.Message.Summary(
                head: .none,
                held: Digest.of(bytes(8)),
                streams: [],
                departures: random.next(),
                isAnswer: false
            )
            return gossip(.summary(summary), at: now)
        }
    }
}
