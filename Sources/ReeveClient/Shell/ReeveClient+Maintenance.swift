internal import Kernel

/// What goes on beside the calls: measuring nodes, learning of others, looking at the files of the identity.
extension ReeveClient {
    /// All nodes that are known, in the order in which they would be asked now.
    public var nodes: [NodeReport] {
        selection.order.compactMap { address in
            selection.node(address).map { node in
                NodeReport(
                    address: address.decisions,
                    roundTrip: node.latency.smoothed.map { .microseconds(Int64(clamping: $0.microseconds)) },
                    p95: node.latency.p95.map { .microseconds(Int64(clamping: $0.microseconds)) },
                    isUp: node.isUp,
                    failureCount: node.failureCount,
                    isNearest: address == selection.nearest
                )
            }
        }
    }

    /// What a program may want to watch.
    public struct Status: Hashable, Sendable {
        /// Decisions from an older state are not taken.
        public let floor: UInt64
        /// Seconds since 1970 at which the client certificate in use ends; nil for a token.
        public let certificateEnd: Int64?
        /// Why the files of the identity, as they are now, are not in use; nil when they are.
        public let identityProblem: String?
        /// Why the last look for members found none; nil when it did, or none was made.
        public let discoveryProblem: String?
    }

    public var status: Status {
        Status(
            floor: revision.floor,
            certificateEnd: transport.identity.certificateEnd,
            identityProblem: identityProblem,
            discoveryProblem: discoveryProblem
        )
    }

    /// Begins to measure and to discover, which the first call does otherwise.
    public func start() { if !isShutDown { startMaintenance() } }

    func startMaintenance() {
        guard maintenance == nil else { return }
        // Cancelled and awaited by `shutdown`.
        maintenance = Task { await maintain() }
    }

    /// Between two looks at what is due: so late may the probe of a node be that failed in between.
    private static let longestSleep = Span.milliseconds(100)
    /// Nodes that are probed at a time.
    private static let probeWidth = 8

    private func maintain() async {
        while !isShutDown, !Task.isCancelled {
            if nextDiscovery <= now {
                nextDiscovery = now.advanced(by: Span(options.discoveryInterval))
                await discover()
            }
            await probe(selection.takeProbes(at: now))
            if nextIdentityLook <= now { await reloadIdentity() }
            await endRetired()
            let times = [selection.nextProbe, nextDiscovery, nextIdentityLook].compactMap(\.self)
            let next = min(times.min() ?? now, now.advanced(by: Self.longestSleep))
            try? await Task.sleep(until: clockTime(max(next, now.advanced(by: .milliseconds(1)))), clock: .continuous)
        }
    }

    private func probe(_ due: [NodeAddress]) async {
        for start in stride(from: 0, to: due.count, by: Self.probeWidth) {
            await withTaskGroup(of: (NodeAddress, Instant, Span?).self) { group in
                for node in due[start..<min(due.count, start + Self.probeWidth)] {
                    let (transport, timeout, started) = (transport, options.attemptTimeout, now)
                    group.addTask {
                        (node, started, (try? await transport.measure(node, within: timeout)).map { Span($0) })
                    }
                }
                for await (node, started, latency) in group where !isShutDown {
                    switch latency {
                    case .some(let latency): selection.probed(node, after: latency)
                    case nil: selection.failed(node, askedAt: started, at: now)
                    }
                }
            }
        }
    }

    /// Nodes that one look for members asks in vain: probes wait for it, and admin ports may be firewalled everywhere.
    private static let discoveryAttempts = 3

    /// Asks one node after the other, nearest first, for the members. Where all fail the next look begins behind them.
    private func discover() async {
        let admins = selection.order.compactMap(\.admin)
        for attempt in 0..<min(Self.discoveryAttempts, admins.count) {
            let admin = admins[(failedDiscoveries + attempt) % admins.count]
            do {
                selection.learn(try await transport.members(from: admin, within: options.attemptTimeout))
                (discoveryProblem, failedDiscoveries) = (nil, 0)
                return
            } catch {
                discoveryProblem = "\(admin): \(String("\(error)".prefix(200)))"
            }
        }
        failedDiscoveries = (failedDiscoveries + Self.discoveryAttempts) % max(1, admins.count)
    }

    /// Takes the files as they are now, if they have changed and fit together; else goes on with what it has.
    func reloadIdentity() async {
        nextIdentityLook = now.advanced(by: Span(options.identityInterval))
        do throws(ReeveClientError) {
            let loaded = try await LoadedIdentity.load(identity, trust)
            guard !isShutDown else { return }
            identityProblem = nil
            guard loaded.digest != transport.identity.digest else { return }
            retired.append((transport, now.advanced(by: Span(options.callTimeout + options.attemptTimeout))))
            transport = Transport(loaded, options)
        } catch {
            identityProblem = error.message
        }
    }

    private func endRetired() async {
        let time = now
        let over = retired.filter { $0.until <= time }
        retired.removeAll { $0.until <= time }
        for item in over { await item.transport.shutdown() }
    }
}
