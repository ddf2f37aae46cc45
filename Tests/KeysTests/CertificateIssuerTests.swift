import Crypto
import Identity
import Kernel
import Keys
import SwiftASN1
import Testing
import X509

@Suite("Certificate issuer")
struct CertificateIssuerTests {
    @Test("a root may sign leaves and nothing else")
    func root() throws {
        let root = try Authority().issuer.certificate
        let certificate = try X509.Certificate(derEncoded: root.der)
        #expect(root.isAuthority)
        #expect(!root.allows(.server) && !root.allows(.client))
        guard case .isCertificateAuthority(maxPathLength: 0) = try certificate.extensions.basicConstraints else {
            Issue.record("no authority, or a path length other than 0")
            return
        }
        #expect(try certificate.extensions.keyUsage == KeyUsage(keyCertSign: true, cRLSign: true))
    }

    @Test("a node's certificate names it and is for both sides of TLS")
    func node() throws {
        let key = PrivateKey()
        let leaf = try Authority().node("n1", key: key)
        let certificate = try X509.Certificate(derEncoded: leaf.der)
        #expect(leaf.spiffeID?.nodeName == "n1")
        #expect(leaf.fingerprint == key.fingerprint)
        #expect(leaf.validity == year)
        #expect(!leaf.isAuthority)
        #expect(leaf.allows(.server) && leaf.allows(.client))
        #expect(try certificate.extensions.keyUsage == KeyUsage(digitalSignature: true))
        let names = try #require(try certificate.extensions.subjectAlternativeNames)
        #expect(names.map(\.description).count == 4)
        #expect(names.contains(.dnsName("localhost")))
        #expect(names.contains(.ipAddress(.init(contentBytes: [127, 0, 0, 1]))))
        #expect(names.contains(.ipAddress(.init(contentBytes: .init(repeating: 0, count: 15) + [1]))))
    }

    @Test("two certificates have two serial numbers")
    func serials() throws {
        let authority = try Authority()
        let serials = try (0..<20).map { _ in try X509.Certificate(derEncoded: try authority.node("n").der).serialNumber
        }
        #expect(Set(serials).count == 20)
    }

    @Test("PEM in and out gives the same certificates")
    func pem() throws {
        let authority = try Authority()
        let both = [try authority.node("n1"), authority.issuer.certificate]
        let text = both.map(\.pem).joined(separator: "\n") + "\n"
        #expect(try ParsedCertificate.parse(pem: text, place: "test") == both)
        for bad in ["", "hello", try PrivateKeyFile.pem(PrivateKey(), protection: .plainForDevelopment, place: "test")]
        {
            #expect(throws: KeysError(.malformed(expected: "one or more certificates"), at: "test")) {
                try ParsedCertificate.parse(pem: bad, place: "test")
            }
        }
    }

    @Test("names, hosts and validities that make no sense are refused")
    func nonsense() throws {
        let authority = try Authority()
        let key = PrivateKey().publicKey
        for name in ["", "N1", "a/b"] {
            #expect(throws: KeysError.self, "\(name)") {
                try authority.issuer.issueNode(name, publicKey: key, hosts: [], validity: year)
            }
        }
        for host in ["", "a b", "-x", "*.example", "a..b", "999.1.1.1:80"] {
            #expect(throws: KeysError.self, "\(host)") {
                try authority.issuer.issueNode("n1", publicKey: key, hosts: [host], validity: year)
            }
        }
        let backwards = CertificateValidity(notBefore: now, notAfter: now.reduced(by: .seconds(1)))
        let endless = CertificateValidity(notBefore: now, notAfter: .distantFuture)
        for validity in [backwards, endless] {
            #expect(throws: KeysError(.invalidValidity, at: "node/n1")) {
                try authority.issuer.issueNode("n1", publicKey: key, hosts: [], validity: validity)
            }
        }
        let foreign = try SPIFFEID(parsing: "spiffe://other.example/agent/a")
        #expect(throws: KeysError.self) { try authority.issuer.issueClient(foreign, publicKey: key, validity: year) }
    }

    @Test("validity counts down to zero")
    func remaining() {
        #expect(year.remaining(at: year.notAfter.reduced(by: .seconds(5))) == .seconds(5))
        #expect(year.remaining(at: year.notAfter.advanced(by: .seconds(5))) == .zero)
    }

    @Test(
        "times are written as a calendar writes them",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(UInt64, String)]
    )
    func calendar(seconds: UInt64, text: String) {
        #expect(WallTime(milliseconds: seconds * 1000 + 999).calendarText == text)
    }
}
