package import Consensus
package import Directory
import Kernel

extension Genesis {
    /// Equal bytes on every voter, so that all logs begin with the same hash, and committed from the start. Its term is
    /// 1; the first election is for term 2.
    package func firstEntry(codec: any DirectoryCodec) -> Entry {
        let voter = voters.first?.id ?? MemberID(high: 0, low: 0)
        let command = Command(
            caller: .bootstrap,
            authenticatedBy: voter,
            idempotencyKey: "bootstrap",
            notAfter: .distantFuture,
            body: .bootstrap(self)
        )
        return Entry(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            time: .distantPast,
            previousHash: .zero,
            payload: .command(codec.encode(command))
        )
    }
}
