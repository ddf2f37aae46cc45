package import Kernel

extension Seal {
    /// Whether a quorum of these voters has signed it.
    func verify(by voters: VoterSet, _ verifier: any SignatureVerifier) throws(SealRefusal) {
        do throws(SignatureFlaw) {
            try voters.verify(signatures, of: statement.signedBytes, verifier)
        } catch {
            throw .signatures(error)
        }
    }
}

extension TransitionSeal {
    /// Whether its voters have sealed it, and those that are known agree that it is theirs to seal.
    package func verify(from known: VoterSet, _ verifier: any SignatureVerifier) throws(SealRefusal) {
        guard voters.digest == statement.claim.voters else { throw .otherVotersPresented(voters.digest) }
        guard predecessor == known.digest else { throw .otherPredecessor(predecessor) }
        if known.mustEndorse(voters) {
            do throws(SignatureFlaw) {
                try known.verify(endorsements, of: statement.signedBytes, verifier)
            } catch {
                throw .endorsements(error)
            }
        }
        try seal.verify(by: voters, verifier)
    }
}
