internal import Kernel
internal import Keys
internal import Logging

/// What all connections of a node share; the TLS context is that of the direction.
struct LinkEnvironment: Sendable {
    let roster: Roster
    let verifier: PeerVerifier
    let context: PresentedContext
    let options: LinkOptions
    let clock: @Sendable () -> WallTime
    let counters: LinkCounters
    let delegate: any LinkDelegate
    let logger: Logger
}
