package import Kernel

/// Why a snapshot is not taken.
package enum SnapshotRefusal: Error, Hashable, Sendable {
    /// Another is wanted, or none.
    case notWanted(wanted: LogIndex?)
    case goesBack(sealed: LogIndex)
    /// It holds another state, or is of another log, than was sealed.
    case differs(Divergence)
}

// A state in the place of the log that leads to it, where nobody has that any more.
extension SealedLog {
    /// Judges a seal by what is known of voters. It need not be newer than the newest: by the time that a state is here it is not.
    mutating func consider(_ seal: Seal, at now: WallTime, _ verifier: any SignatureVerifier) -> [Effect] {
        target = nil
        let claim = seal.statement.claim
        do throws(SealRefusal) {
            if claim.index <= sealed.index { throw .indexGoesBack(known: sealed.index) }
            try trusted.verify(seal, at: now, verifier)
        } catch {
            return [.sealRefused(error)]
        }
        if let known = ahead.first(where: { $0.index == claim.index }), known != claim {
            isHalted = true
            return [.halt(Divergence(own: known, other: claim))]
        }
        target = claim
        return [.snapshotWanted(claim)]
    }

    mutating func install(_ point: SealPoint) -> [Effect] {
        if point.index <= sealed.index { return [.snapshotRefused(.goesBack(sealed: sealed.index))] }
        guard let target, target.index == point.index else {
            return [.snapshotRefused(.notWanted(wanted: target?.index))]
        }
        self.target = nil
        guard target == point.claim else {
            return [.snapshotRefused(.differs(Divergence(own: point.claim, other: target)))]
        }
        links = []
        expected = []
        sealed = target
        isProven = true
        ahead.removeAll { $0.index <= target.index }
        return [.mayInstall(target.index)]
    }
}
