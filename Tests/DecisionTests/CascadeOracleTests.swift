import Decision
import Directory
import Identity
import Kernel
import Testing

/// Commands and statements at random, and after each what everybody may do: as the snapshot says, and as it follows from lists
/// of who is below whom, made anew each time from all that was ever said.
@Suite("Statements that cascade, against an oracle") struct CascadeOracleTests {
    @Test("decisions are those of the oracle", arguments: 1...24 as ClosedRange<UInt64>)
    func decisions(seed: UInt64) throws {
        var run = try Run(seed: seed)
        for step in 0..<120 {
            try run.step()
            try run.check("seed \(seed), step \(step)")
        }
        #expect(run.denied > 20 && run.allowed > 20 && run.undone > 0, "seed \(seed) did too little")
        let rebuilt = DecisionSnapshot(from: run.world.rows, revision: run.world.index, codec: run.world.codec)
        #expect(run.world.snapshot == rebuilt.enforcing(run.beside), "seed \(seed)")
    }

    private struct Run {
        static let people = (0..<12).map { PrincipalID(stringLiteral: "agent/a\($0)") }
        var world = World()
        var random: SeededRandom
        var oracle = Oracle()
        /// Statements that the log has not judged.
        var beside: [SignedStatement] = []
        var allowed = 0
        var denied = 0
        var undone = 0

        init(seed: UInt64) throws {
            random = SeededRandom(seed: seed)
            for id in Self.people { world.succeed(.put(.principal(PrincipalSpec(id: id)), .none)) }
            for id in Self.people { oracle.specs[id] = PrincipalSpec(id: id) }
            world.succeed(.put(.role(RoleSpec(name: "reader")), .none))
            world.enact("permit (principal in Role::\"reader\", action, resource);")
            world.enact("permit (principal, action, resource);", set: Grammar.administrationSet)
        }

        private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        private mutating func somebody() -> PrincipalID { Self.people[below(Self.people.count)] }
        private mutating func perhaps() -> PrincipalID? { below(2) == 0 ? somebody() : nil }

        mutating func step() throws {
            switch below(10) {
            case 0..<4: put(PrincipalSpec(id: somebody(), owner: perhaps(), parent: perhaps()))
            case 4..<7: grant(to: somebody(), by: below(3) == 0 ? nil : somebody())
            case 7: try state()
            case 8: lift()
            default: stateBeside()
            }
        }

        private mutating func put(_ spec: PrincipalSpec) {
            // Cycles are refused.
            if case .done? = world.attempt(.put(.principal(spec), .none)) { oracle.specs[spec.id] = spec }
        }

        private mutating func grant(to principal: PrincipalID, by grantor: PrincipalID?) {
            let spec = AssignmentSpec(id: "g\(world.index.number)", principal: principal, role: "reader")
            let body = CommandBody.put(.assignment(spec), .none)
            let result = grantor.map { world.attempt(body, by: $0) } ?? world.attempt(body)
            var isDone = false
            if case .done? = result { isDone = true }
            let mayAct = grantor.map { oracle.status($0, recordedAlone: true) == .active } ?? true
            let isRevoked = oracle.ownStatus(principal, recordedAlone: true) == .revoked
            #expect(isDone == (mayAct && !isRevoked), "a grant by \(grantor?.description ?? "the administrator")")
            if isDone { oracle.grants.append(.init(principal: principal, grantor: grantor, index: world.index)) }
        }

        private mutating func state() throws {
            let (subject, cascades) = (somebody(), below(3) > 0)
            let kind: RevocationKind = below(6) == 0 ? .revoke : below(2) == 0 ? .restrict : .quarantine
            let body: CommandBody =
                switch kind {
                case .revoke: .revoke(.principal(subject), reason: "", cascades: cascades)
                case .quarantine: .quarantine(subject, .quarantine, reason: "", cascades: cascades)
                case .restrict: .quarantine(subject, .restrict, reason: "", cascades: cascades)
                }
            let id = try world.state(body)
            guard !oracle.statements.contains(where: { $0.id == id }) else { return }
            oracle.statements.append(.init(id: id, subject: subject, kind: kind, cascades: cascades))
        }

        private mutating func lift() {
            let liftable = oracle.statements.filter { $0.kind != .revoke && !$0.isBeside }
            guard !liftable.isEmpty else { return }
            let chosen = liftable[below(liftable.count)]
            world.succeed(.liftQuarantine(statements: [chosen.id], reason: ""))
            oracle.statements.removeAll { $0.id == chosen.id }
        }

        private mutating func stateBeside() {
            if beside.count > 1 || below(3) == 0 { beside = [] }
            if below(3) > 0 {
                let kind: RevocationKind = below(2) == 0 ? .restrict : .quarantine
                let number = UInt32(world.index.number)
                beside.append(World.statement(kind, against: .principal(somebody()), cascades: below(2) == 0, number))
            }
            world.snapshot = world.snapshot.enforcing(beside)
            oracle.statements.removeAll(where: \.isBeside)
            for signed in beside {
                guard case .principal(let subject) = signed.statement.subject else { continue }
                oracle.statements.append(
                    .init(
                        id: signed.id,
                        subject: subject,
                        kind: signed.statement.kind,
                        cascades: signed.statement.cascades,
                        isBeside: true
                    )
                )
            }
        }

        mutating func check(_ place: String) throws {
            let counted = oracle.countedGrants()
            undone += oracle.grants.count - counted.count
            for id in Self.people {
                let isReader = counted.contains { $0.principal == id }
                let status = oracle.status(id)
                let expected: DecisionCode =
                    switch status {
                    case .active: isReader ? .allowed : .noPermit
                    case .restricted: isReader ? .principalRestricted : .noPermit
                    case .quarantined: .principalQuarantined
                    case .revoked: .principalRevoked
                    }
                let code = try world.code(id, "send")
                #expect(code == expected, "\(place): \(id)")
                #expect(world.snapshot.status(.principal(id)) == status, "\(place): \(id)")
                if code == .allowed { allowed += 1 } else { denied += 1 }
            }
        }
    }

    /// Expands what the code under test never does.
    private struct Oracle {
        struct Statement {
            let id: Digest
            let subject: PrincipalID
            let kind: RevocationKind
            let cascades: Bool
            var isBeside = false
        }

        struct Grant {
            let principal: PrincipalID
            let grantor: PrincipalID?
            let index: LogIndex
        }

        var specs: [PrincipalID: PrincipalSpec] = [:]
        var statements: [Statement] = []
        /// In the order of the log.
        var grants: [Grant] = []

        func everybody(below subject: PrincipalID) -> Set<PrincipalID> {
            var found: Set<PrincipalID> = []
            while true {
                let more = specs.values.filter { spec in
                    [spec.owner, spec.parent].contains { above in
                        above.map { $0 == subject || found.contains($0) } ?? false
                    }
                }
                let grown = found.union(more.map(\.id))
                if grown == found { return found }
                found = grown
            }
        }

        func ownStatus(_ id: PrincipalID, recordedAlone: Bool = false) -> SubjectStatus {
            let own = statements.filter { $0.subject == id && !($0.isBeside && recordedAlone) }
            return SubjectStatus(own.map(\.kind).max())
        }

        func status(_ id: PrincipalID, recordedAlone: Bool = false) -> SubjectStatus {
            let above = statements.filter {
                $0.cascades && everybody(below: $0.subject).contains(id) && !($0.isBeside && recordedAlone)
            }
            return max(ownStatus(id, recordedAlone: recordedAlone), SubjectStatus(above.map(\.kind).max()))
        }

        func countedGrants() -> [Grant] {
            let undone = statements.filter(\.cascades).reduce(into: Set<PrincipalID>()) { undone, statement in
                undone.insert(statement.subject)
                undone.formUnion(everybody(below: statement.subject))
            }
            var tainted: Set<PrincipalID> = []
            var counted: [Grant] = []
            for grant in grants {
                if let grantor = grant.grantor, undone.contains(grantor) || tainted.contains(grantor) {
                    tainted.insert(grant.principal)
                } else {
                    counted.append(grant)
                }
            }
            return counted
        }
    }
}
