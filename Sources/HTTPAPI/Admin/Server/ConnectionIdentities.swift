internal import Kernel
internal import Keys
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// Who is at the other end of each connection: found out with its first request, since reading a certificate takes longer
/// than all the rest of a request.
///
/// The end of the certificate's validity is the caller's to check, as with any identity: a connection may outlive it.
final class ConnectionIdentities: Sendable {
    private let verifier: PeerVerifier
    private let known = Mutex<[ObjectIdentifier: PeerIdentity]>([:])

    init(verifier: PeerVerifier) { self.verifier = verifier }

    /// By the certificate that the handshake verified.
    func identity(of channel: any Channel, at now: WallTime) async -> PeerIdentity {
        let id = ObjectIdentifier(channel)
        if let identity = known.withLock({ $0[id] }) { return identity }
        guard let certificate = try? await channel.nioSSL_peerCertificate().get() else { return .none }
        let identity = PeerIdentity(certificate: certificate, verifier: verifier, at: now)
        known.withLock { $0[id] = identity }
        // On a connection that has been closed meanwhile this happens at once.
        channel.closeFuture.whenComplete { _ in self.known.withLock { $0[id] = nil } }
        return identity
    }
}
