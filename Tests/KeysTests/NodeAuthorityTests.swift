import Crypto
import Foundation
import Identity
import Kernel
import Keys
import SwiftASN1
import Testing
import X509

@Suite("Authority of a node") struct NodeAuthorityTests {
    private struct Chain {
        let root: CertificateIssuer
        let key = PrivateKey()
        let issuer: CertificateIssuer

        init(pathLength: Int = 1, lasting: CertificateValidity = year) throws {
            let domain = try TrustDomain(parsing: "reeve.example")
            root = try CertificateIssuer.selfSigned(
                trustDomain: domain,
                key: PrivateKey(),
                validity: year,
                pathLength: pathLength
            )
            let certificate = try root.issueAuthority("n1", publicKey: key.publicKey, validity: lasting)
            issuer = try CertificateIssuer(certificate: certificate, key: key, trustDomain: domain)
        }

        var verifier: PeerVerifier { PeerVerifier(roots: [root.certificate], trustDomain: root.trustDomain) }

        func verify(_ leaf: ParsedCertificate) async throws(PeerRefusal) {
            let chain = ([leaf] + issuer.chain).map(\.der)
            _ = try await verifier.verify(chain: chain, as: .server, expecting: .anyNode, at: now)
        }

        func node(_ validity: CertificateValidity = year) throws -> ParsedCertificate {
            try issuer.issueNode("n4", publicKey: PrivateKey().publicKey, hosts: ["127.0.0.1"], validity: validity)
        }

        /// A certificate that only somebody with the authority's key, and no scruples, could make.
        func forged(id: String) throws -> ParsedCertificate {
            let subject = try X509.Certificate(derEncoded: issuer.certificate.der).subject
            let certificate = try X509.Certificate(
                version: .v3,
                serialNumber: .init(),
                publicKey: .init(PrivateKey().publicKey),
                notValidBefore: Date(timeIntervalSince1970: Double(year.notBefore.milliseconds) / 1000),
                notValidAfter: Date(timeIntervalSince1970: Double(year.notAfter.milliseconds) / 1000),
                issuer: subject,
                subject: try DistinguishedName { CommonName("forged") },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try X509.Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    SubjectAlternativeNames([.uniformResourceIdentifier(id)])
                },
                issuerPrivateKey: .init(
                    P256.Signing.PrivateKey(
                        pemRepresentation: PrivateKeyFile.pem(key, protection: .plainForDevelopment, place: "test")
                    )
                )
            )
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return try ParsedCertificate(der: serializer.serializedBytes)
        }
    }

    @Test("what a certified authority issues is trusted, and shown with its own certificate") func trusted()
        async throws
    {
        let chain = try Chain()
        #expect(chain.root.chain.isEmpty)
        #expect(chain.issuer.chain == [chain.issuer.certificate])
        try await chain.verify(try chain.node())
    }

    @Test("a root that allows no authorities below it vouches for none") func pathLength() async throws {
        let chain = try Chain(pathLength: 0)
        let leaf = try chain.node()
        await #expect(throws: PeerRefusal.self) { try await chain.verify(leaf) }
    }

    @Test("an authority cannot speak for another trust domain, whatever it signs") func otherDomain() async throws {
        let chain = try Chain()
        let same = try chain.forged(id: "spiffe://reeve.example/node/n4")
        try await chain.verify(same)
        let other = try chain.forged(id: "spiffe://other.example/node/n4")
        let elsewhere = PeerVerifier(
            roots: [chain.root.certificate],
            trustDomain: try TrustDomain(parsing: "other.example")
        )
        // By the path alone: the verifier expects that very domain.
        await #expect(throws: PeerRefusal.self) {
            try await elsewhere.verify(
                chain: [other.der, chain.issuer.certificate.der],
                as: .server,
                expecting: .anyNode,
                at: now
            )
        }
    }

    @Test("an authority cannot make further authorities that are believed") func noSubordinates() async throws {
        let chain = try Chain()
        let key = PrivateKey()
        let below = try chain.issuer.issueAuthority("n2", publicKey: key.publicKey, validity: year)
        let issuer = try CertificateIssuer(certificate: below, key: key, trustDomain: chain.root.trustDomain)
        let leaf = try issuer.issueNode("n5", publicKey: key.publicKey, hosts: [], validity: year)
        let list = [leaf, below, chain.issuer.certificate].map(\.der)
        await #expect(throws: PeerRefusal.self) {
            try await chain.verifier.verify(chain: list, as: .server, expecting: .anyNode, at: now)
        }
    }

    @Test("a validity is cut to what its issuer has") func validity() {
        let short = CertificateValidity(notBefore: now, notAfter: now.advanced(by: .seconds(3600)))
        #expect(year.within(short) == short)
        #expect(short.within(year) == short)
        #expect(year.halfway < year.notAfter && year.halfway > year.notBefore)
    }

    @Test("a request proves the key that it is for, and a changed one proves nothing") func requests() throws {
        let key = PrivateKey()
        let request = try CertificateRequest(for: key, name: "n4")
        #expect(try CertificateRequest(pem: request.pem, place: "test").fingerprint == key.fingerprint)
        var document = try PEMDocument(pemString: request.pem)
        var refusals = 0
        for place in stride(from: 0, to: document.derBytes.count, by: 7) {
            var der = document.derBytes
            der[place] ^= 1
            document = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: der)
            if (try? CertificateRequest(pem: document.pemString, place: "test")) == nil { refusals += 1 }
            der[place] ^= 1
            document = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: der)
        }
        #expect(refusals == (document.derBytes.count + 6) / 7)
        for bad in ["", "x", try chainPEM()] {
            #expect(throws: KeysError.self) { try CertificateRequest(pem: bad, place: "test") }
        }
    }

    private func chainPEM() throws -> String { try Chain().issuer.certificate.pem }
}
