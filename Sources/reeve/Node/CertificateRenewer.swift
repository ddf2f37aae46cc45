import HTTPAPI
import Host
import Kernel
import Keys
import Logging
import Service
import ServiceLifecycle
import Synchronization

/// Renews the node's certificate as `CertificateRenewal` says, and takes over one that somebody has put in its place.
final class CertificateRenewer: ServiceLifecycle.Service {
    private struct State {
        /// In use.
        var credentials: NodeCredentials
        /// The file as it was last looked at.
        var text: String
        var report: CertificateRenewalReport
        /// Why no attempt can succeed, as long as it is so.
        var obstacle: String?
        /// Whether the log has been told of the certificate's end.
        var hasReportedEnd = false
    }

    private let node: Node
    private let certificate: NodeCertificate
    private let present: @Sendable (NodeCredentials) throws -> Void
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - credentials: What the node shows now.
    ///   - present: Has every port show others from now on; open connections stay.
    init(
        node: Node,
        certificate: NodeCertificate,
        credentials: NodeCredentials,
        logger: Logger,
        present: @escaping @Sendable (NodeCredentials) throws -> Void
    ) throws(KeysError) {
        self.node = node
        self.certificate = certificate
        self.present = present
        self.logger = logger
        let report = CertificateRenewalReport(nextAttempt: credentials.validity.halfway)
        state = Mutex(State(credentials: credentials, text: try certificate.read(), report: report))
    }

    /// What the node shows now.
    var credentials: NodeCredentials { state.withLock { $0.credentials } }

    var report: CertificateRenewalReport {
        state.withLock { state in
            var report = state.report
            report.lastFailure = state.obstacle ?? report.lastFailure
            return report
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var renewal = CertificateRenewal(
                state.withLock { $0.credentials.validity },
                of: node.member,
                canIssue: certificate.enrolment.issuer != nil
            )
            while !Task.isCancelled {
                lookForObstacle()
                if let validity = await takeOver() { renewal.renewed(validity) }
                let peers = await node.status().peers
                let voters = peers.filter(\.isVoter).map {
                    CertificateRenewal.Voter($0.member, isConnected: $0.isConnected)
                }
                let now = node.now()
                reportEnd(of: renewal.validity, at: now.wall)
                switch renewal.next(voters, at: now) {
                case .wait(let span):
                    state.withLock { $0.report.nextAttempt = renewal.nextAttempt(at: now) }
                    // Cancelled is asked in the loop.
                    try? await Task.sleep(for: .microseconds(Int64(clamping: span.microseconds)))
                case .ask(let voter):
                    guard let peer = peers.first(where: { $0.member == voter }) else { continue }
                    if let validity = await renew(by: peer, renewal) { renewal.renewed(validity) }
                }
            }
        }
    }

    /// What would fail in months is better said at once.
    private func lookForObstacle() {
        var obstacle: String?
        do { try KeyFiles.checkReplaceable(certificate.path) } catch { obstacle = error.description }
        let isNew = state.withLock { state in
            defer { state.obstacle = obstacle }
            return obstacle != state.obstacle
        }
        guard isNew, let obstacle else { return }
        logger.warning("the node's certificate cannot be renewed", metadata: ["reason": "\(obstacle)"])
    }

    /// Validity of the new certificate; nil if there is none.
    private func renew(by voter: NodeStatus.Peer, _ renewal: CertificateRenewal) async -> CertificateValidity? {
        do {
            let text = try await obtain(from: voter)
            let now = node.now().wall
            let credentials = try await certificate.check(text, from: "answer of \(voter.name)", at: now)
            guard renewal.isImproved(by: credentials.validity, at: now) else {
                throw CommandError("its certificate would end no later than the present one; renew its issuing key")
            }
            try certificate.store(text)
            try use(credentials, text: text, from: voter.name)
            return credentials.validity
        } catch {
            failed("\(voter.name): \(error)")
            return nil
        }
    }

    private func obtain(from voter: NodeStatus.Peer) async throws -> String {
        if voter.member == node.member, let own = try certificate.issue(at: node.now().wall) { return own }
        return try await certificate.ask(voter.name, at: voter.apiAddress, showing: credentials)
    }

    /// Validity of a certificate that has taken the place of the one in use; nil if none has.
    private func takeOver() async -> CertificateValidity? {
        guard let text = try? certificate.read(), text != state.withLock({ $0.text }) else { return nil }
        do {
            let credentials = try await certificate.check(text, from: certificate.path, at: node.now().wall)
            try use(credentials, text: text, from: certificate.path)
            return credentials.validity
        } catch {
            state.withLock { $0.text = text }
            failed("\(error)")
            return nil
        }
    }

    private func use(_ credentials: NodeCredentials, text: String, from place: String) throws {
        try present(credentials)
        state.withLock { state in
            state.credentials = credentials
            state.text = text
            state.hasReportedEnd = false
            state.report.lastFailure = nil
            state.report.renewals += 1
        }
        logger.notice(
            "the node's certificate is renewed",
            metadata: ["from": "\(place)", "until": "\(credentials.validity.notAfter.calendarText)"]
        )
    }

    private func failed(_ reason: String) {
        state.withLock { state in
            state.report.lastFailure = reason
            state.report.failures += 1
        }
        logger.warning("the node's certificate is not renewed", metadata: ["reason": "\(reason)"])
    }

    /// Once: from here on nobody lets the node in, and it cannot help itself.
    private func reportEnd(of validity: CertificateValidity, at now: WallTime) {
        let isNew = state.withLock { state in
            defer { state.hasReportedEnd = validity.hasEnded(by: now) }
            return validity.hasEnded(by: now) && !state.hasReportedEnd
        }
        guard isNew else { return }
        logger.error(
            "the node's certificate has expired and no other node lets it in; run `reeve node renew` here",
            metadata: ["file": "\(certificate.path)", "expired": "\(validity.notAfter.calendarText)"]
        )
    }
}
