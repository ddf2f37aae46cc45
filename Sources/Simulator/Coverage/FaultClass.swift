/// A kind of what goes wrong: what a seed has or has not, and what stands beside a message in a run's coverage.
package enum FaultClass: UInt8, CaseIterable, Sendable {
    case isolation, split, cut, network, crash, crashDuringWrite, stop, slowDisk, hungDisk, clock, rot, revocation
    case pause, fullDisk, failedWrite, misdirection, clog, bandwidth

    /// Those that share the seed's rate.
    package static let shared: [FaultClass] = [
        .isolation, .split, .cut, .network, .crash, .crashDuringWrite, .stop, .slowDisk, .hungDisk, .clock, .rot,
        .revocation,
    ]
    /// Those that come on top, at rates of their own.
    package static let apart: [FaultClass] = [.pause, .fullDisk, .failedWrite, .misdirection, .clog, .bandwidth]
}

/// Some of the classes.
package struct FaultSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ kind: FaultClass) { rawValue = 1 << UInt32(kind.rawValue) }
}

extension Fault {
    /// Nil for what repairs, for what only scenarios have, and for lies, which are drawn apart.
    package var kind: FaultClass? {
        switch self {
        case .isolate: .isolation
        case .split: .split
        case .cut: .cut
        case .network(let quality): quality == .good ? nil : quality.bandwidth == nil ? .network : .bandwidth
        case .crash, .crashWhenElected, .crashLoop: .crash
        case .crashDuringWrite: .crashDuringWrite
        case .stop: .stop
        case .pause: .pause
        case .fillDisk: .fullDisk
        case .failWrite: .failedWrite
        case .misdirectWrite: .misdirection
        case .clog: .clog
        case .slowDisk(_, let factor): factor == 1 ? nil : .slowDisk
        case .hangDisk: .hungDisk
        case .rotLog: .rot
        case .stepClock: .clock
        case .revokeAgents, .state: .revocation
        case .handOver, .upgrade, .raiseFeatureLevel, .theft, .wipeDisks, .poison, .backup, .restoreBackup, .byzantine:
            nil
        case .healNetwork, .correctClocks, .repairAll: nil
        }
    }
}
