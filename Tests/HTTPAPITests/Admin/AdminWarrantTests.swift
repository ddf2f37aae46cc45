import JSON
import Kernel
import Keys
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: warrants") struct AdminWarrantTests {
    let admin: Administration
    static let key = PrivateKey().compressedPublicKey

    init() throws { admin = try Administration() }

    private static func body(_ name: String, scope: String = #"{"everybody":true}"#, key: String? = nil) -> String {
        """
        {"name":"\(name)","key":"\(key ?? Self.key.base64)","scope":\(scope),"level":"quarantine",\
        "expires_at":"2026-02-01T00:00:00Z","budget":5}
        """
    }

    @Test("one is issued once, shown, listed and withdrawn for good") func life() async {
        let issued = await admin.send("POST", "/v1/warrants", Self.body("w1"), headers: [("Idempotency-Key", "k1")])
        #expect(issued.status == 201 && issued.json["name"]?.stringValue == "w1", "\(issued.text)")
        let retried = await admin.send("POST", "/v1/warrants", Self.body("w1"), headers: [("Idempotency-Key", "k1")])
        #expect(retried.status == 201 && retried.revision == issued.revision)
        #expect(await admin.send("POST", "/v1/warrants", Self.body("w1")).code == "already_exists")

        let shown = await admin.send("GET", "/v1/warrants/w1?at_least=\(issued.revision ?? 0)")
        #expect(shown.tag == issued.tag && shown.json["state"]?.stringValue == "valid")
        #expect(shown.json["scope"] == ["everybody": true] && shown.json["level"]?.stringValue == "quarantine")
        #expect(shown.json["budget"]?.integerValue == 5 && shown.json["spent"]?.integerValue == 0)
        #expect(shown.json["expires_at"]?.stringValue == "2026-02-01T00:00:00.000Z")
        #expect(shown.json["key"]?.stringValue == Self.key.base64)
        #expect(shown.json["issuer"]?.stringValue?.hasPrefix("administrator/") == true)

        await admin.send("POST", "/v1/warrants", Self.body("w2", key: Self.key.hex))
        let names = await admin.send("GET", "/v1/warrants").items.map { $0["name"]?.stringValue }
        #expect(names == ["w1", "w2"])

        #expect(await admin.send("DELETE", "/v1/warrants/w1").status == 200)
        #expect(await admin.send("GET", "/v1/warrants/w1").json["state"]?.stringValue == "withdrawn")
        #expect(await admin.send("POST", "/v1/warrants", Self.body("w1")).code == "already_exists")
        #expect(await admin.send("DELETE", "/v1/warrants/none").code == "not_found")
    }

    @Test(
        "each scope is shown as it was given, principals in order and once",
        arguments: [
            (#"{"owned_by":"user/alice"}"#, ["owned_by": "user/alice"]),
            (
                #"{"principals":["service/b","agent/a","service/b"]}"#,
                ["principals": ["agent/a", "service/b"]]
            ),
        ] as [(String, JSONValue)]
    )
    func scopes(text: String, shown: JSONValue) async {
        let issued = await admin.send("POST", "/v1/warrants", Self.body("w", scope: text))
        #expect(issued.status == 201, "\(issued.text)")
        #expect(await admin.send("GET", "/v1/warrants/w").json["scope"] == shown)
    }

    @Test(
        "a warrant that is none is refused with its place",
        arguments: [
            (#""scope":{"everybody":true}"#, #""scope":{}"#, "scope: must be one of"),
            (#""scope":{"everybody":true}"#, #""scope":{"everybody":false}"#, "scope: must be one of"),
            (
                #""scope":{"everybody":true}"#, #""scope":{"everybody":true,"owned_by":"user/a"}"#,
                "scope: must be one of"
            ),
            (#"{"everybody":true}"#, #"{"principals":["agent/a","b"]}"#, "scope.principals[1]: must name"),
            (#""level":"quarantine""#, #""level":"all""#, "level: must be one of"),
            (#""level":"quarantine","#, "", "level: is missing"),
            (#""budget":5"#, #""budget":0"#, "budget: must be a whole number from 1 to 10000"),
            (#""budget":5"#, #""budget":10001"#, "budget: must be a whole number from 1 to 10000"),
            (#""key":""#, #""key":"AAAA"#, "key: must be 33 bytes"),
        ]
    )
    func malformed(old: String, new: String, detail: String) async {
        let answer = await admin.send("POST", "/v1/warrants", Self.body("w").replacing(old, with: new))
        #expect(answer.status == 400 && answer.detail.contains(detail), "\(answer.text)")
    }

    @Test("bytes that are no key are refused, since nothing could be stated under them") func noKey() async {
        let bytes = [UInt8](repeating: 0xff, count: 33)
        let answer = await admin.send("POST", "/v1/warrants", Self.body("w", key: bytes.base64))
        #expect(answer.status == 400 && answer.detail.contains("key: must be a public key on P-256"))
    }

    @Test("issuing and withdrawing need leave, and take no conditions") func leave() async {
        let bot = Administration.Caller.token(admin.sample.botToken)
        #expect(await admin.send("POST", "/v1/warrants", Self.body("w"), by: bot).code == "unauthorized")
        await admin.send("POST", "/v1/warrants", Self.body("w"))
        #expect(await admin.send("DELETE", "/v1/warrants/w", by: bot).code == "unauthorized")
        #expect(await admin.send("GET", "/v1/warrants", by: bot).status == 403)
        let condition = await admin.send("DELETE", "/v1/warrants/w", headers: [("If-Match", "*")])
        #expect(condition.code == "invalid_request")
    }
}

@Suite("Base64") struct Base64Tests {
    @Test(
        "the vectors of RFC 4648 section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(plain: String, text: String) {
        #expect(Array(plain.utf8).base64 == text)
        #expect([UInt8](base64: text) == Array(plain.utf8))
    }

    @Test("all symbols") func symbols() {
        let bytes = (0..<255).map { UInt8($0) } + [0xfb, 0xff, 0xbf]
        #expect(bytes.base64.contains("+/+/"))
        #expect([UInt8](base64: bytes.base64) == bytes)
    }

    @Test(
        "other spellings are refused",
        arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "====", "Zm 9v", "Zm9v\n", "-_-_", "Zg===="]
    )
    func bad(text: String) { #expect([UInt8](base64: text) == nil) }
}
