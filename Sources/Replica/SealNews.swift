internal import Kernel
package import Sealing

/// A seal with what comes with it.
enum SealNews {
    case seal(Seal)
    case transition(TransitionSeal)

    var statement: SealStatement {
        switch self {
        case .seal(let seal): seal.statement
        case .transition(let transition): transition.statement
        }
    }

    var signatures: [SealSignature] {
        switch self {
        case .seal(let seal): seal.signatures
        case .transition(let transition): transition.seal.signatures
        }
    }

    var record: GossipRecord {
        switch self {
        case .seal(let seal): .seal(seal)
        case .transition(let transition): .transition(transition)
        }
    }

    var body: PeerMessage.Body {
        switch self {
        case .seal(let seal): .sealed(seal)
        case .transition(let transition): .sealedByOthers(transition)
        }
    }
}

extension SealWatch {
    mutating func accept(
        _ news: SealNews,
        roots: RootHistory,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) -> Divergence? {
        switch news {
        case .seal(let seal): try accept(seal, roots: roots, at: now, verifier)
        case .transition(let transition): try accept(transition, roots: roots, at: now, verifier)
        }
    }
}

extension Divergence {
    /// For the operator.
    package var reason: String {
        "the state of this node at entry \(own.index.number) is not the one that a quorum of voters has; "
            + "keep its data for examination, remove the member, and add it again in a new folder"
    }
}
