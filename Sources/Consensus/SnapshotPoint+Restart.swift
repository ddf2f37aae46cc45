package import Kernel

extension SnapshotPoint {
    /// Where a log starts anew after this point: in a later term, at an index that nobody has seen, with a hash that binds
    /// it to what was before and to why.
    package func restarted(
        after position: LogPosition,
        time: WallTime,
        voters: [MemberID],
        reason: String
    ) -> SnapshotPoint {
        let entry = Entry(
            position: LogPosition(term: position.term.next, index: position.index.next),
            time: max(time, self.time),
            previousHash: hash,
            payload: .command(Array(reason.utf8))
        )
        return SnapshotPoint(
            position: entry.position,
            hash: entry.hash,
            time: entry.time,
            configuration: Configuration(voters: voters)
        )
    }
}
