internal import Decision
package import Directory
internal import Kernel
internal import Replica

/// What nodes do about statements that were made outside the log, on virtual disks.
extension World {
    mutating func judgeStatements(
        _ node: Int,
        _ statements: [SignedStatement],
        broughtAt: WallTime?
    ) throws(Violation) {
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        var judgements: [(SignedStatement, StatementJudgement)] = []
        for signed in statements {
            do throws(StateDamage) {
                judgements.append((signed, try view.judge(signed, broughtAt: broughtAt, KeyedHash())))
            } catch {
                throw Violation(.stateRoot, "n\(node + 1) cannot read its state: \(error)")
            }
        }
        try step(node, .judged(judgements))
    }

    /// Decisions go by them before they are durable, and nobody hears of it before they are.
    mutating func beginEnforcing(_ node: Int, _ statements: [SignedStatement]) {
        for signed in statements { machines[node].process?.statements.insert(signed) }
        refreshStatements(node)
    }

    mutating func keepStatements(_ node: Int, _ statements: [SignedStatement]) throws(Violation) {
        guard !machines[node].isDiskHung else {
            machines[node].process?.hungStatements += statements
            return
        }
        for signed in statements { machines[node].statements.insert(signed) }
        try step(node, .enforced(statements.map(\.id)))
        try probeRevocations(node)
    }

    mutating func releaseStatements(_ node: Int, _ ids: [Digest]) {
        for id in ids {
            machines[node].process?.statements.remove(id)
            machines[node].statements.remove(id)
        }
        refreshStatements(node)
    }

    private mutating func refreshStatements(_ node: Int) {
        guard let process = machines[node].process else { return }
        machines[node].process?.decisions = process.decisions.enforcing(process.statements.items)
    }
}

/// Statements in the order of their ids.
package struct StatementSet: Hashable, Sendable {
    package private(set) var items: [SignedStatement] = []

    mutating func insert(_ signed: SignedStatement) {
        guard !items.contains(where: { $0.id == signed.id }) else { return }
        let place = items.firstIndex { $0.id > signed.id } ?? items.endIndex
        items.insert(signed, at: place)
    }

    mutating func remove(_ id: Digest) { items.removeAll { $0.id == id } }
}

/// Stands for signatures: what is signed is hashed with a secret that belongs to the public key, and that nobody in a world but
/// its revokers uses.
package struct KeyedHash: SignatureVerifier {
    package init() {}

    package func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        signature == Self.signature(of: bytes, by: publicKey)
    }

    package static func publicKey(_ name: String) -> [UInt8] { [2] + Digest.of(Array("key of \(name)".utf8)).bytes }

    package static func signature(of bytes: [UInt8], by publicKey: [UInt8]) -> [UInt8] {
        let digest = Digest.of(Array("secret of ".utf8) + publicKey + bytes).bytes
        return digest + digest
    }
}
