import Identity
import Testing

@Suite("SPIFFE ID")
struct SPIFFEIDTests {
    @Test(
        "accepts what the standard's grammar allows",
        arguments: [
            "spiffe://example.org", "spiffe://example.org/a", "spiffe://1-2_3.x/A.b-c_d/9", "spiffe://e/...",
            "spiffe://-/-",
            "spiffe://example.org/.a/a..", "spiffe://e/" + String(repeating: "p", count: 2037),
        ]
    )
    func accepted(text: String) throws {
        #expect(try SPIFFEID(parsing: text).description == text)
    }

    @Test(
        "refuses anything else, with the reason",
        arguments: [
            ("", .spiffeID, .missingScheme),
            ("spiffe:/example.org", .spiffeID, .missingScheme),
            ("SPIFFE://example.org", .spiffeID, .missingScheme),
            ("https://example.org/a", .spiffeID, .missingScheme),
            ("spiffe://", .trustDomain, .empty),
            ("spiffe:///a", .trustDomain, .empty),
            ("spiffe://Example.org/a", .trustDomain, .unexpectedByte(0x45, offset: 0)),
            ("spiffe://example.org:80/a", .trustDomain, .unexpectedByte(0x3a, offset: 11)),
            ("spiffe://user@example.org/a", .trustDomain, .unexpectedByte(0x40, offset: 4)),
            ("spiffe://example.org?q", .trustDomain, .unexpectedByte(0x3f, offset: 11)),
            ("spiffe://ex\u{e4}mple/a", .trustDomain, .unexpectedByte(0xc3, offset: 2)),
            ("spiffe://example.org/", .path, .emptySegment),
            ("spiffe://example.org/a/", .path, .emptySegment),
            ("spiffe://example.org/a//b", .path, .emptySegment),
            ("spiffe://example.org/a/./b", .path, .relativeSegment),
            ("spiffe://example.org/a/..", .path, .relativeSegment),
            ("spiffe://example.org/a%2Fb", .path, .unexpectedByte(0x25, offset: 2)),
            ("spiffe://example.org/a#b", .path, .unexpectedByte(0x23, offset: 2)),
            ("spiffe://example.org/a b", .path, .unexpectedByte(0x20, offset: 2)),
            ("spiffe://example.org/a\0", .path, .unexpectedByte(0, offset: 2)),
            ("spiffe://e/" + String(repeating: "p", count: 2038), .spiffeID, .tooLong(byteCount: 2049, limit: 2048)),
        ] as [(String, IdentityError.Subject, IdentityError.Reason)]
    )
    func refused(text: String, subject: IdentityError.Subject, reason: IdentityError.Reason) {
        #expect(throws: IdentityError(subject, reason)) { try SPIFFEID(parsing: text) }
    }

    @Test("a trust domain has at most 255 bytes")
    func trustDomainLength() throws {
        let longest = String(repeating: "d", count: 255)
        #expect(try TrustDomain(parsing: longest).name == longest)
        #expect(throws: IdentityError(.trustDomain, .tooLong(byteCount: 256, limit: 255))) {
            try TrustDomain(parsing: longest + "d")
        }
    }

    @Test("building from parts checks as parsing does")
    func parts() throws {
        let domain = try TrustDomain(parsing: "reeve.example")
        #expect(try SPIFFEID(trustDomain: domain, path: "").description == "spiffe://reeve.example")
        #expect(throws: IdentityError(.path, .missingLeadingSlash)) {
            try SPIFFEID(trustDomain: domain, path: "agent/a")
        }
        #expect(throws: IdentityError(.path, .emptySegment)) { try SPIFFEID(trustDomain: domain, path: "/agent//a") }
        let long = "/" + String(repeating: "p", count: 2048)
        #expect(throws: IdentityError.self) { try SPIFFEID(trustDomain: domain, path: long) }
    }

    @Test("a node's name is a DNS label and is read back from its identity")
    func nodes() throws {
        let domain = try TrustDomain(parsing: "reeve.example")
        for name in ["a", "0", "n1", "a-b", String(repeating: "n", count: 63)] {
            #expect(try SPIFFEID.node(name, in: domain).nodeName == name)
        }
        for name in ["", "-a", "a-", "A", "a.b", "a/b", "a_b", String(repeating: "n", count: 64)] {
            #expect(throws: IdentityError.self, "\(name)") { try SPIFFEID.node(name, in: domain) }
        }
    }

    @Test("identities of other forms have no node name")
    func otherForms() throws {
        for path in ["", "/node", "/node/A", "/node/a/b", "/nodes/a", "/admin/a", "/agent/node/a"] {
            #expect(try SPIFFEID(parsing: "spiffe://reeve.example\(path)").nodeName == nil, "\(path)")
        }
    }

    @Test("an administrator's name is one segment")
    func administrators() throws {
        let domain = try TrustDomain(parsing: "reeve.example")
        let id = try SPIFFEID.administrator("Alice.B", in: domain)
        #expect(id.description == "spiffe://reeve.example/admin/Alice.B")
        #expect(id.administratorName == "Alice.B")
        for name in ["", "a/b", "..", "a b"] {
            #expect(throws: IdentityError.self, "\(name)") { try SPIFFEID.administrator(name, in: domain) }
        }
    }

    @Test("an error says what was wrong and what to write instead")
    func errorText() {
        let error = IdentityError(.nodeName, .unexpectedByte(0x41, offset: 3))
        #expect(
            error.description
                == "not a node name: unexpected 'A' at byte 3; use lower-case letters, digits and inner hyphens, such as node-1"
        )
    }
}
