package import Directory

extension ServiceError {
    /// Of a statement that does not count; the code is the directory's own.
    package init(_ refusal: StatementRefusal) {
        self.init(Self.kind(of: refusal), code: refusal.rawValue, message: Self.text(of: refusal))
    }

    private static func kind(of refusal: StatementRefusal) -> Kind {
        switch refusal {
        case .unknownWarrant, .unknownSubject: .notFound
        case .warrantWithdrawn, .warrantExpired, .warrantFrozen, .outOfScope, .levelTooHigh, .cascadeNotAllowed,
            .overBudget,
            .badSignature:
            .forbidden
        case .otherCluster, .limitReached: .conflict
        case .invalid: .invalid
        }
    }

    /// What the refusal means and what to do about it.
    private static func text(of refusal: StatementRefusal) -> String {
        switch refusal {
        case .otherCluster: "the statement is meant for another cluster; give a context of the warrant's own cluster"
        case .unknownWarrant:
            "this node knows no warrant of that name; if it has just been issued ask another node, else have one issued"
        case .warrantWithdrawn: "the warrant was withdrawn; have another one issued"
        case .warrantExpired: "the statement comes after the warrant's end; have another warrant issued"
        case .warrantFrozen:
            "two statements had one number of the warrant, so its key may be in two hands; have another one issued"
        case .outOfScope:
            "the warrant does not cover this subject; use one that does, or `reeve revoke` without a warrant"
        case .levelTooHigh: "the warrant allows milder statements only; quarantine or restrict the subject"
        case .cascadeNotAllowed:
            "the warrant does not allow statements that cascade; leave --cascade out, or have one issued with it"
        case .overBudget: "the number is not one of the warrant's budget; have another warrant issued"
        case .badSignature:
            "the signature is not of the warrant's key over this statement; sign with the warrant's own key"
        case .unknownSubject: "there is no such principal or token; check its name"
        case .limitReached: "as many statements as may be stand against the subject already; only a stricter one counts"
        case .invalid:
            "the reason is too long, or a token is to be restricted, quarantined or cascaded from; shorten it, or revoke"
        }
    }
}
