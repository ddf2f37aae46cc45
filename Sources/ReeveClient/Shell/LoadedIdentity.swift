internal import Foundation
internal import Kernel
internal import NIOCore
internal import NIOSSL

/// What the files of an identity held when they were read, known to fit together.
struct LoadedIdentity: Sendable {
    let tls: TLSConfiguration
    /// Value of the `Authorization` header.
    let authorization: String?
    /// Seconds since 1970 at which the client certificate ends; nil for a token.
    let certificateEnd: Int64?
    /// Of all files: equal for what need not be loaded again.
    let digest: Digest

    private static let maximumByteCount = 1 << 20

    /// Reads the disk, on no actor.
    ///
    /// - Throws: `ReeveClientError.configuration`, which names the file.
    @concurrent static func load(_ identity: ReeveIdentity, _ trust: ReeveTrust) async throws(ReeveClientError)
        -> LoadedIdentity
    {
        let roots = try read(trust.file)
        switch identity.source {
        case .token(let file):
            let token = try read(file)
            var tls = try clientTLS(roots, file: trust.file)
            tls.certificateChain = []
            let digest = Digest.of(roots + token)
            return LoadedIdentity(
                tls: tls,
                authorization: "Bearer \(try text(ofToken: token, file: file))",
                certificateEnd: nil,
                digest: digest
            )
        case .certificate(let chainFile, let keyFile):
            let (chain, key) = (try read(chainFile), try read(keyFile))
            var tls = try clientTLS(roots, file: trust.file)
            let certificates = try parsed(chainFile) { try NIOSSLCertificate.fromPEMBytes(chain) }
            guard let leaf = certificates.first else {
                throw ReeveClientError(.configuration, "\(chainFile) holds no certificate")
            }
            tls.certificateChain = certificates.map { .certificate($0) }
            tls.privateKey = .privateKey(try parsed(keyFile) { try NIOSSLPrivateKey(bytes: key, format: .pem) })
            // Refuses a key that is not the certificate's: one of the two files may have been renewed before the other.
            _ = try parsed(keyFile) { try NIOSSLContext(configuration: tls) }
            return LoadedIdentity(
                tls: tls,
                authorization: nil,
                certificateEnd: Int64(leaf.notValidAfter),
                digest: .of(roots + chain + key)
            )
        }
    }

    private static func clientTLS(_ roots: [UInt8], file: String) throws(ReeveClientError) -> TLSConfiguration {
        let certificates = try parsed(file) { try NIOSSLCertificate.fromPEMBytes(roots) }
        guard !certificates.isEmpty else { throw ReeveClientError(.configuration, "\(file) holds no certificate") }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.trustRoots = .certificates(certificates)
        tls.applicationProtocols = ["http/1.1"]
        // How long a node that does not answer may hold up the end of its connection, and so `shutdown()`.
        tls.shutdownTimeout = .milliseconds(250)
        return tls
    }

    private static func text(ofToken bytes: [UInt8], file: String) throws(ReeveClientError) -> String {
        let token = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
        let rest = bytes.dropFirst(token.count)
        guard (1...512).contains(token.count), token.allSatisfy({ (0x21...0x7e).contains($0) }),
            rest.allSatisfy({ $0 == 0x0a || $0 == 0x0d })
        else { throw ReeveClientError(.configuration, "\(file) must hold a token and nothing else") }
        return String(decoding: token, as: UTF8.self)
    }

    private static func parsed<Value>(_ file: String, _ body: () throws -> Value) throws(ReeveClientError) -> Value {
        do { return try body() } catch {
            throw ReeveClientError(.configuration, "\(file) cannot be used: \(String("\(error)".prefix(200)))")
        }
    }

    private static func read(_ file: String) throws(ReeveClientError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: file))
            defer { try? handle.close() }
            let bytes = try handle.read(upToCount: maximumByteCount + 1) ?? Data()
            guard bytes.count <= maximumByteCount else {
                throw ReeveClientError(.configuration, "it has more than \(maximumByteCount) bytes")
            }
            return Array(bytes)
        } catch {
            throw ReeveClientError(.configuration, "\(file) cannot be read: \(String("\(error)".prefix(200)))")
        }
    }
}
