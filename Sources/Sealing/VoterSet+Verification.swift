package import Kernel

extension VoterSet {
    /// Checks that a quorum has signed. All that costs little comes first, and no more signatures are checked than a quorum
    /// takes; so what follows those may be wrong.
    package func verify(
        _ signatures: [SealSignature],
        of bytes: [UInt8],
        _ verifier: any SignatureVerifier
    ) throws(SignatureFlaw) {
        try checkForm(of: signatures)
        var missing = needed
        for signature in signatures where !missing.isNone {
            guard let voter = Self.find(signature.member, in: allVoters) else { throw .notAVoter(signature.member) }
            let isIncoming = missing.incoming > 0 && Self.find(voter.member, in: voters) != nil
            let isOutgoing = missing.outgoing > 0 && Self.find(voter.member, in: votersOutgoing) != nil
            guard isIncoming || isOutgoing else { continue }
            guard verifier.isValid(signature.bytes, of: bytes, by: voter.sealKey) else { throw .invalid(voter.member) }
            if isIncoming { missing.incoming -= 1 }
            if isOutgoing { missing.outgoing -= 1 }
        }
        if !missing.isNone { throw .noQuorum(missing: missing.incoming, missingOutgoing: missing.outgoing) }
    }

    private func checkForm(of signatures: [SealSignature]) throws(SignatureFlaw) {
        if signatures.count > allVoters.count { throw .tooMany(count: signatures.count, limit: allVoters.count) }
        for signature in signatures {
            if Self.find(signature.member, in: allVoters) == nil { throw .notAVoter(signature.member) }
            let byteCount = signature.bytes.count
            if byteCount != SealSignature.byteCount { throw .malformed(signature.member, byteCount: byteCount) }
        }
        for (signature, next) in zip(signatures, signatures.dropFirst()) where signature.member >= next.member {
            throw signature.member == next.member ? .duplicate(next.member) : .unsorted(next.member)
        }
        let missing = missing(from: signatures.map(\.member))
        if !missing.isNone { throw .noQuorum(missing: missing.incoming, missingOutgoing: missing.outgoing) }
    }
}
