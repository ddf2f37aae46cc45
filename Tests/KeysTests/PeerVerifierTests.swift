import Crypto
import FoundationEssentials
import Identity
import Kernel
import Keys
import SwiftASN1
import Testing
import X509

/// 2026-01-01T00:00:00Z.
let now = WallTime(milliseconds: 1_767_225_600_000)
let day = Span.seconds(86400)
let year = CertificateValidity(notBefore: now.reduced(by: day), notAfter: now.advanced(by: .seconds(31_536_000)))

/// A root and what it has issued.
struct Authority {
    let domain: TrustDomain
    let issuer: CertificateIssuer

    init(_ name: String = "reeve.example", key: PrivateKey = PrivateKey(), validity: CertificateValidity = year) throws
    {
        domain = try TrustDomain(parsing: name)
        issuer = try CertificateIssuer.selfSigned(trustDomain: domain, key: key, validity: validity)
    }

    var verifier: PeerVerifier { PeerVerifier(roots: [issuer.certificate], trustDomain: domain) }

    func node(
        _ name: String,
        key: PrivateKey = PrivateKey(),
        validity: CertificateValidity = year
    ) throws -> ParsedCertificate {
        try issuer.issueNode(
            name,
            publicKey: key.publicKey,
            hosts: ["localhost", "127.0.0.1", "::1"],
            validity: validity
        )
    }
}

@Suite("Peer verifier")
struct PeerVerifierTests {
    @Test("accepts a member that shows the name and key that are pinned")
    func member() async throws {
        let authority = try Authority()
        let leaf = try authority.node("n1")
        let verifier = authority.verifier
        let wanted: [PeerVerifier.Expectation] = [
            .member(name: "n1", key: leaf.fingerprint), .anyMember(["n1": [leaf.fingerprint]]), .node(name: "n1"),
            .anyNode, .anyone,
        ]
        for expectation in wanted {
            for purpose in [TLSPurpose.server, .client] {
                let got = try await verifier.verify(chain: [leaf.der], as: purpose, expecting: expectation, at: now)
                #expect(got == leaf)
            }
        }
    }

    @Test("the root may be sent along")
    func withRoot() async throws {
        let authority = try Authority()
        let leaf = try authority.node("n1")
        let chain = [leaf.der, authority.issuer.certificate.der]
        let got = try await authority.verifier.verify(chain: chain, as: .server, expecting: .anyNode, at: now)
        #expect(got == leaf)
    }

    @Test("a certificate counts from its first second to its last")
    func validity() async throws {
        let authority = try Authority()
        let start = now, end = now.advanced(by: .seconds(60))
        let leaf = try authority.node("n1", validity: .init(notBefore: start, notAfter: end))
        let verifier = authority.verifier
        func refusal(_ time: WallTime) async -> PeerRefusal? {
            await refusalOf(verifier, [leaf.der], .anyNode, at: time)
        }
        #expect(await refusal(start) == nil)
        #expect(await refusal(end) == nil)
        #expect(await refusal(end.advanced(by: .milliseconds(999))) == nil)
        #expect(await refusal(end.advanced(by: .seconds(1))) == .expired(notAfter: end))
        #expect(await refusal(start.reduced(by: .milliseconds(1))) == .notYetValid(notBefore: start))
    }

    @Test("names and keys other than expected are refused, with both")
    func wrongPeer() async throws {
        let authority = try Authority()
        let leaf = try authority.node("n2")
        let other = PrivateKey().fingerprint
        let cases: [(PeerVerifier.Expectation, PeerRefusal)] = [
            (.member(name: "n1", key: leaf.fingerprint), .nameMismatch(expected: "n1", got: "n2")),
            (.member(name: "n2", key: other), .keyNotPinned(name: "n2", got: leaf.fingerprint)),
            (.anyMember(["n1": [leaf.fingerprint]]), .unknownMember(name: "n2")),
            (.anyMember(["n1": [leaf.fingerprint], "n2": [other]]), .keyNotPinned(name: "n2", got: leaf.fingerprint)),
            (.node(name: "n1"), .nameMismatch(expected: "n1", got: "n2")),
        ]
        for (expectation, refusal) in cases {
            #expect(await refusalOf(authority.verifier, [leaf.der], expectation, at: now) == refusal)
        }
    }

    @Test("a client's certificate is no node's, and not for a server")
    func roles() async throws {
        let authority = try Authority()
        let id = try SPIFFEID.administrator("alice", in: authority.domain)
        let leaf = try authority.issuer.issueClient(id, publicKey: PrivateKey().publicKey, validity: year)
        #expect(await refusalOf(authority.verifier, [leaf.der], .anyone, at: now, as: .client) == nil)
        #expect(await refusalOf(authority.verifier, [leaf.der], .anyNode, at: now, as: .client) == .notANode(id))
        #expect(
            await refusalOf(authority.verifier, [leaf.der], .anyone, at: now, as: .server) == .wrongPurpose(.server)
        )
    }

    @Test("another root, also one of the same name, is unknown")
    func wrongRoot() async throws {
        let authority = try Authority()
        let impostor = try Authority()
        let leaf = try impostor.node("n1")
        let chain = [leaf.der, impostor.issuer.certificate.der]
        let expectation = PeerVerifier.Expectation.member(name: "n1", key: leaf.fingerprint)
        #expect(await refusalOf(authority.verifier, chain, expectation, at: now) == .unknownIssuer)
        let rootless = PeerVerifier(roots: [], trustDomain: authority.domain)
        #expect(await refusalOf(rootless, chain, expectation, at: now) == .unknownIssuer)
    }

    @Test("another trust domain under the same key is refused")
    func wrongTrustDomain() async throws {
        let key = PrivateKey()
        let authority = try Authority(key: key)
        let other = try Authority("other.example", key: key)
        let leaf = try other.node("n1")
        #expect(
            await refusalOf(authority.verifier, [leaf.der], .anyNode, at: now)
                == .wrongTrustDomain(expected: authority.domain, got: other.domain)
        )
    }

    @Test("a leaf outlives its root in vain")
    func expiredRoot() async throws {
        let end = now.reduced(by: .seconds(60))
        let authority = try Authority(validity: .init(notBefore: now.reduced(by: day), notAfter: end))
        let leaf = try authority.node("n1")
        #expect(await refusalOf(authority.verifier, [leaf.der], .anyNode, at: now) == .issuerExpired(notAfter: end))
    }

    @Test("a leaf cannot issue")
    func leafAsIssuer() async throws {
        let authority = try Authority()
        let leafKey = PrivateKey()
        let leaf = try authority.node("n1", key: leafKey)
        #expect(throws: KeysError(.notAnAuthority, at: "issuer.crt")) {
            try CertificateIssuer(certificate: leaf, key: leafKey, trustDomain: authority.domain, place: "issuer.crt")
        }
    }

    @Test("an authority between root and leaf counts if the root allows one and it may sign")
    func intermediate() async throws {
        struct Case {
            let pathLength: Int
            let constraints: BasicConstraints
            let usage: KeyUsage
            let isAccepted: Bool
        }
        let authority = BasicConstraints.isCertificateAuthority(maxPathLength: 0)
        let cases = [
            Case(pathLength: 1, constraints: authority, usage: KeyUsage(keyCertSign: true), isAccepted: true),
            Case(pathLength: 0, constraints: authority, usage: KeyUsage(keyCertSign: true), isAccepted: false),
            Case(pathLength: 1, constraints: authority, usage: KeyUsage(digitalSignature: true), isAccepted: false),
            Case(
                pathLength: 1,
                constraints: .notCertificateAuthority,
                usage: KeyUsage(keyCertSign: true),
                isAccepted: false
            ),
        ]
        let domain = try TrustDomain(parsing: "reeve.example")
        for (index, test) in cases.enumerated() {
            let rootSigner = P256.Signing.PrivateKey(), middleKey = P256.Signing.PrivateKey()
            let root = try CertificateIssuer.selfSigned(
                trustDomain: domain,
                key: PrivateKey(rootSigner),
                validity: year,
                pathLength: test.pathLength
            )
            let rootName = try X509.Certificate(derEncoded: root.certificate.der).subject
            let middleName = try DistinguishedName { CommonName("middle") }
            let middle = try issue(
                middleName,
                key: middleKey.publicKey,
                by: rootName,
                signer: rootSigner,
                Certificate.Extensions {
                    Critical(test.constraints)
                    Critical(test.usage)
                }
            )
            let leaf = try issue(
                try DistinguishedName { CommonName("leaf") },
                key: P256.Signing.PrivateKey().publicKey,
                by: middleName,
                signer: middleKey,
                Certificate.Extensions {
                    SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://reeve.example/node/n1")])
                }
            )
            let verifier = PeerVerifier(roots: [root.certificate], trustDomain: domain)
            let refusal = await refusalOf(verifier, [leaf, middle], .anyNode, at: now)
            #expect((refusal == nil) == test.isAccepted, "case \(index): \(String(describing: refusal))")
            #expect(await refusalOf(verifier, [leaf], .anyNode, at: now) == .unknownIssuer)
        }
    }

    private func issue(
        _ subject: DistinguishedName,
        key: P256.Signing.PublicKey,
        by issuer: DistinguishedName,
        signer: P256.Signing.PrivateKey,
        _ extensions: Certificate.Extensions
    ) throws -> [UInt8] {
        let certificate = try X509.Certificate(
            version: .v3,
            serialNumber: .init(),
            publicKey: .init(key),
            notValidBefore: date(now.reduced(by: day)),
            notValidAfter: date(now.advanced(by: day)),
            issuer: issuer,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions,
            issuerPrivateKey: .init(signer)
        )
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private func date(_ time: WallTime) -> Date { Date(timeIntervalSince1970: Double(time.milliseconds / 1000)) }

    @Test("the root itself, an empty chain, a long one and garbage are refused")
    func malformed() async throws {
        let authority = try Authority()
        let leaf = try authority.node("n1").der
        let root = authority.issuer.certificate.der
        #expect(await refusalOf(authority.verifier, [], .anyone, at: now) == .noCertificate)
        #expect(
            await refusalOf(authority.verifier, .init(repeating: leaf, count: 5), .anyone, at: now) == .chainTooLong(5)
        )
        #expect(
            await refusalOf(authority.verifier, [root], .anyone, at: now)
                == .untrustedChain("the certificate of an authority is no identity")
        )
        for garbage in [[], [0], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], Array(leaf.dropLast()), leaf + [0]] {
            #expect(
                await refusalOf(authority.verifier, [garbage], .anyone, at: now)
                    == .malformed("not an X.509 certificate")
            )
        }
        let oversized = [UInt8](repeating: 0x30, count: 16 * 1024 + 1)
        #expect(
            await refusalOf(authority.verifier, [oversized], .anyone, at: now) == .malformed("more than 16384 bytes")
        )
    }

    @Test("no certificate is accepted with a damaged signed part", arguments: [1, 2] as [UInt64])
    func damaged(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let authority = try Authority()
        let leaf = try authority.node("n1").der
        // SEQUENCE, SEQUENCE: the outer header has 4 bytes, and so has that of the signed part (RFC 5280 section 4.1).
        let signed = 4..<(8 + Int(leaf[6]) << 8 + Int(leaf[7]))
        for _ in 0..<1000 {
            var damaged = leaf
            let offset = Int.random(in: 0..<leaf.count, using: &random)
            damaged[offset] ^= UInt8.random(in: 1...255, using: &random)
            let refusal = await refusalOf(authority.verifier, [damaged], .anyNode, at: now)
            #expect(refusal != nil || !signed.contains(offset), "seed \(seed), byte \(offset)")
        }
    }

    @Test("a client's identity is checked again after the handshake")
    func clientIdentity() throws {
        let authority = try Authority()
        let id = try SPIFFEID(parsing: "spiffe://reeve.example/agent/invoice-bot")
        let leaf = try authority.issuer.issueClient(id, publicKey: PrivateKey().publicKey, validity: year)
        let identity = try ClientIdentity(leaf: leaf.der, verifier: authority.verifier, at: now)
        #expect(identity.spiffeID == id)
        #expect(identity.fingerprint == leaf.fingerprint)
        let later = year.notAfter.advanced(by: .seconds(1))
        #expect(throws: PeerRefusal.expired(notAfter: year.notAfter)) {
            try ClientIdentity(leaf: leaf.der, verifier: authority.verifier, at: later)
        }
        let elsewhere = PeerVerifier(roots: [], trustDomain: try TrustDomain(parsing: "other.example"))
        #expect(throws: PeerRefusal.self) { try ClientIdentity(leaf: leaf.der, verifier: elsewhere, at: now) }
    }

    private func refusalOf(
        _ verifier: PeerVerifier,
        _ chain: [[UInt8]],
        _ expectation: PeerVerifier.Expectation,
        at time: WallTime,
        as purpose: TLSPurpose = .server
    ) async -> PeerRefusal? {
        do {
            _ = try await verifier.verify(chain: chain, as: purpose, expecting: expectation, at: time)
            return nil
        } catch {
            return error
        }
    }
}
