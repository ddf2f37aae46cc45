internal import Consensus
internal import Decision
internal import Kernel
internal import Replica
internal import Sealing

/// Seals on virtual disks, by keys that are names, and what is checked of them.
extension World {
    /// Of the member that a machine is, and of its disks: what is wiped signs no more.
    func sealKey(of node: Int) -> [UInt8] {
        KeyedHash.publicKey("seals of \(members[node]) on \(machines[node].instance)")
    }

    mutating func keepSealMark(_ node: Int, _ mark: SealMark) throws(Violation) {
        guard !machines[node].isDiskHung else {
            let process = machines[node].generation
            queue.schedule(.sealMarkKept(node: node, process: process, mark), at: now.advanced(by: .milliseconds(100)))
            return
        }
        guard machines[node].fullUntil == nil else {
            let process = machines[node].generation
            queue.schedule(.sealMarkKept(node: node, process: process, mark), at: laterWithRoom)
            return try tellRoom(node, isFull: true)
        }
        try tellRoom(node, isFull: false)
        machines[node].sealMark = mark
        try step(node, .sealMarkKept(mark))
    }

    mutating func signSeal(_ node: Int, _ statement: SealStatement) throws(Violation) {
        let signature = KeyedHash.signature(of: statement.signedBytes, by: sealKey(of: node))
        try step(node, .sealSigned(statement, signature: signature))
    }

    /// A leader tells somebody of a seal.
    mutating func checkSeal(_ message: PeerMessage) throws(Violation) {
        switch message.body {
        case .sealed(let seal): try check(seal, isTransition: false)
        case .sealedByOthers(let transition): try check(transition.seal, isTransition: true)
        default: return
        }
    }

    private mutating func check(_ seal: Seal, isTransition: Bool) throws(Violation) {
        let good = Span.milliseconds(UInt64(VirtualClock.goodErrorMilliseconds))
        try roots.sealed(seal.statement.index, seal.statement.claim.root)
        try seals.made(
            seal,
            isTransition: isTransition,
            head: log.committed(at: seal.statement.index)?.hash,
            // A quorum's clocks agree with the leader's that far, and one of them at least is good.
            tolerance: Span(microseconds: nodeOptions.clocks.maxClockError.microseconds + good.microseconds)
        )
    }
}
