package import Identity
package import Kernel

/// What applying an entry of the log came to.
package enum ApplyOutcome: Hashable, Sendable {
    case applied(Applied)
    /// This program must not go on: the entry stays unapplied, the transaction is to be discarded, and the state stays
    /// at the entry before.
    case halt(HaltReason)

    package struct Applied: Hashable, Sendable {
        package let result: CommandResult
        /// What changed, in order. Empty for a refusal and for the answer to a retry.
        package let events: [DirectoryEvent]
        /// What was wrong with a policy text. For people; not part of the replicated state.
        package let diagnostics: [PolicyDiagnostic]

        /// Whether the command took effect by this very entry, and not by an earlier one under the same idempotency key.
        package func tookEffect(at index: LogIndex) -> Bool {
            if case .done(let done) = result { done.revision == index } else { false }
        }

        package init(result: CommandResult, events: [DirectoryEvent] = [], diagnostics: [PolicyDiagnostic] = []) {
            self.result = result
            self.events = events
            self.diagnostics = diagnostics
        }
    }
}

/// Why a committed command cannot be applied by this program on this disk.
package enum HaltReason: Hashable, Sendable, CustomStringConvertible {
    case undecodable(String)
    case featureLevelTooHigh(FeatureLevel, supported: FeatureLevel)
    case damaged(StateDamage)

    package var description: String {
        switch self {
        case .undecodable(let reason): "the command does not decode: \(reason); a newer program may know it"
        case .featureLevelTooHigh(let level, let supported):
            "the command needs feature \(level), this program knows \(supported); install a newer one"
        case .damaged(let damage): "\(damage); restore this node from its peers"
        }
    }
}

/// Something that changed, fine enough to bring a snapshot for decisions up to date.
package enum DirectoryEvent: Hashable, Sendable {
    case bootstrapped(Lineage)
    case principalChanged(PrincipalID)
    case roleChanged(String)
    /// One of them, or several.
    case assignmentsChanged(of: PrincipalID)
    case resourceChanged(EntityName)
    /// Another version is in force, or none any more.
    case policiesActivated(set: String)
    /// What some nodes decide by, or how far a roll-out has come.
    case rolloutChanged(set: String)
    /// Drafts, notes and states; what is in force is as it was.
    case policySetChanged(set: String)
    case tokenChanged(id: String, secretDigest: Digest)
    /// A statement was recorded or lifted.
    case standingChanged(RevocationSubject, epoch: UInt64)
    /// One that was made outside the log was recorded at this index, or refused.
    case statementJudged(SignedStatement, recordedAt: LogIndex?)
    case settingsChanged
    case featureLevelRaised(FeatureLevel)
    case administratorChanged(Digest)
    /// Who is a member, how, or by which keys.
    case membersChanged
}

/// What is wrong with a policy text, and where.
package struct PolicyDiagnostic: Hashable, Sendable, CustomStringConvertible {
    package let message: String
    /// Both from 1; columns count characters.
    package let line: Int
    package let column: Int

    package init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String { "\(line):\(column): \(message)" }
}
