import Kernel
import Service
import Testing

@Suite("Token secret") struct TokenSecretTests {
    @Test("each is new, well-formed, and names itself in nothing that is printed") func random() {
        let secrets = (0..<100).map { _ in TokenSecret.random() }
        #expect(Set(secrets.map(\.text)).count == 100)
        for secret in secrets {
            #expect(TokenSecret.isWellFormed(secret.text))
            let body = secret.text.dropFirst(TokenSecret.prefix.count)
            #expect(!"\(secret)".contains(body))
            #expect(!String(reflecting: secret).contains(body))
            #expect(!"\([secret])".contains(body))
            #expect(secret.digest == Digest.of(Array(secret.text.utf8)))
        }
    }

    @Test(
        "other texts are none",
        arguments: [
            "", "reeve_", "reeve_" + String(repeating: "a", count: 42), "reeve_" + String(repeating: "a", count: 44),
            "Reeve_" + String(repeating: "a", count: 43), "reeve_" + String(repeating: "a", count: 42) + "=",
        ]
    )
    func refused(text: String) { #expect(!TokenSecret.isWellFormed(text)) }

    @Test(
        "base64url is RFC 4648's",
        arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
    )
    func base64URL(text: String, encoded: String) { #expect(Array(text.utf8).base64URL == encoded) }

    @Test("base64url has - and _ for the last two") func alphabet() {
        #expect([UInt8]([0xfb, 0xff, 0xbf]).base64URL == "-_-_")
    }
}
