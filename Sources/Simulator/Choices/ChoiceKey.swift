internal import Directory
internal import Kernel

/// Which choice of a world it is, by what it is about rather than by how many came before it, so that the others keep their
/// meaning when one is left out.
package struct ChoiceKey: Hashable, Sendable {
    package let kind: Kind
    package let subject: Subject
    /// The machine that it happens on or to; 0 where it concerns none.
    package let node: UInt8
    /// The machine at the other end.
    package let peer: UInt8
    /// Which process of the machine, from 1; for a client's choice, which attempt; for a clock's, nothing.
    package let process: UInt32
    /// Tells apart what is alike otherwise, from 0: the fifth heartbeat from this process to that machine, operation 12.
    package let number: UInt32

    package init(
        _ kind: Kind,
        _ subject: Subject = .none,
        node: Int = 0,
        peer: Int = 0,
        process: UInt64 = 0,
        number: Int = 0
    ) {
        self.kind = kind
        self.subject = subject
        self.node = UInt8(clamping: node)
        self.peer = UInt8(clamping: peer)
        self.process = UInt32(clamping: process)
        self.number = UInt32(clamping: number)
    }

    func numbered(_ number: Int) -> ChoiceKey {
        ChoiceKey(
            kind,
            subject,
            node: Int(node),
            peer: Int(peer),
            process: UInt64(process),
            number: number
        )
    }

    package enum Kind: UInt8, CaseIterable, Sendable {
        // The world as it begins.
        case option, encodedFrames, spares, seals, edges, zone, zoneDistance, usualLoss, clockDrift, clockError, core,
            olderLevel
        // What goes wrong, and who wants what.
        case fault, operation, undertaking
        // Messages.
        case loss, delay, duplicate, linkClosing, linkReview
        // Disks.
        case disk, crashPoint, doneBeforeCrash, keptWrites, lostTransactions, hiddenLog, scrub
        // Processes.
        case timers
        // Clients and the operator.
        case target, deadline, retryPause, operatorPause, wipe, stateSource, forgedState
        // Who lies.
        case lie, withheld, servedState
    }

    /// What a choice of its kind is about.
    package enum Subject: UInt8, CaseIterable, Sendable {
        case none
        // Options of every node.
        case keptEntries, compactionStep, windowBytes, maxAppendBytes, maxApplyBytes
        // Messages.
        case preVoteRequest, preVoteResponse, voteRequest, voteResponse, append, appendAccepted, appendRejected
        case heartbeat, heartbeatAcknowledged, snapshot, snapshotAcknowledged, timeoutNow
        case readIndexRequest, readIndexResponse, forward, forwardRefused, entriesWanted, entriesFound
        case votersWanted, voters
        // Work of a disk.
        case writeLog, apply, readEntries, readSnapshot, stageSnapshot, installSnapshot, compact, repairLog
        case readForRepair, judgeStatements, keepStatements
        // More messages.
        case statements, statementsHeld
        case sealWanted, sealAnswered, sealed
        // More work of a disk.
        case keepSealMark, signSeal
        // Between neighbours.
        case gossip, successionWanted, succession
        case readLog
        case readSealedSnapshot, checkSnapshot
    }
}

extension ChoiceKey.Kind {
    /// What a value may be. Spans are in microseconds, clocks' errors in milliseconds, drift and loss in parts per million.
    /// Nil for what is no number.
    package var range: ClosedRange<Int64>? {
        let spans: ClosedRange<Int64> = 0...3_600_000_000
        switch self {
        case .fault, .operation, .undertaking: return nil
        case .option: return 1...1 << 30
        case .encodedFrames, .seals, .forgedState, .loss: return 0...1
        case .servedState: return 0...3
        case .spares: return Int64(Scenario.spareCounts.lowerBound)...Int64(Scenario.spareCounts.upperBound)
        case .edges: return Int64(Scenario.edgeCounts.lowerBound)...Int64(Scenario.edgeCounts.upperBound)
        case .withheld: return 0...Intruders.lastWithheld
        case .core: return 0...1000
        case .olderLevel: return 0...Int64(FeatureLevel.supported.number)
        case .zone: return 0...NetworkLayout.lastZone
        case .zoneDistance: return 0...Int64(NetworkLayout.longestDistance.microseconds)
        case .usualLoss: return 0...NetworkLayout.highestLossPPM
        case .clockDrift: return -900...900
        case .clockError: return -VirtualClock.goodErrorMilliseconds...VirtualClock.goodErrorMilliseconds
        case .delay, .duplicate, .linkClosing, .linkReview, .disk, .crashPoint, .scrub, .deadline, .retryPause,
            .operatorPause,
            .wipe:
            return spans
        case .doneBeforeCrash, .keptWrites, .lostTransactions, .hiddenLog: return 0...Int64(UInt32.max)
        case .timers, .lie: return .min ... .max
        case .target, .stateSource: return 0...Int64(UInt8.max)
        }
    }
}
