import Directory
import Identity
import Kernel
import Replica
import Testing

extension SignedStatement {
    static let sampleSignature = [UInt8](repeating: 1, count: signatureByteCount)

    /// A quarantine of agent/bot under warrant w.
    ///
    /// - Parameter reason: Makes statements of one number different.
    static func sample(
        _ number: UInt32 = 1,
        lineage: Lineage = Voter.lineage,
        reason: String = "odd",
        signature: [UInt8] = sampleSignature
    ) throws -> SignedStatement {
        let statement = Statement(
            lineage: lineage,
            warrant: "w",
            sequence: number,
            kind: .quarantine,
            subject: .principal(try #require(PrincipalID(parsing: "agent/bot"))),
            reason: reason,
            issuedAt: WallTime(milliseconds: 1)
        )
        return SignedStatement(statement, signature: signature)
    }
}
