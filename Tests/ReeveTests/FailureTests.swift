import ArgumentParser
import JSON
import Kernel
import Keys
import Testing

@testable import reeve

@Suite("How a command says that it failed") struct FailureTests {
    /// What stands on standard error, and on which status the command ends.
    private static func failure(_ line: String) -> Failure? {
        let arguments = line.split(separator: " ").map { String($0) }
        do {
            _ = try Reeve.parseAsRoot(arguments)
            return nil
        } catch { return Failure(error, of: Reeve.self, arguments) }
    }

    @Test(
        "a value that is refused is followed by what is valid",
        arguments: [
            ("policy activate s 1 --ring all --soak 5", "5m"), ("policy activate s 1 --ring all --max-changed 5", "5%"),
            ("policy activate s 1 --ring ring", "ring=canary"), ("token create agent/a --expires yesterday", "a date"),
            ("agent create a --owner robot/x", "agent, service, user and workflow"),
            ("cluster label n1 A=b", "lower-case"), ("check agent/a read ledger", "Type::"),
            ("revoke robot/x --reason r", "token/ID"),
        ]
    )
    func forms(line: String, hint: String) throws {
        let text = try #require(Self.failure(line)).text
        let lines = text.split(separator: "\n")
        #expect(lines.count > 1 && lines[0].contains("is invalid for") && lines[1].contains(hint), "\(text)")
    }

    @Test("a misspelt command is told from a misplaced argument") func subcommands() throws {
        func text(_ line: String) throws -> String { try #require(Self.failure(line)).text }
        #expect(try text("cluster statsu").contains("did you mean `reeve cluster status`?"))
        #expect(try text("chekc a b c").contains("did you mean `reeve check`?"))
        #expect(try !text("cluster xyzzy").contains("did you mean"))
    }

    @Test("programs get an object") func json() throws {
        let body: JSONValue = ["code": "no_leader", "detail": "nobody leads"]
        func json(_ error: any Error) -> JSONValue? { Failure(error, of: Reeve.self, ["--json"]).json["error"] }
        let refused = json(APIError(status: 503, body: body, node: "n1"))
        #expect(refused?["code"] == "no_leader" && refused?["node"] == "n1" && refused?["message"] == "nobody leads")
        #expect(refused?["advice"]?.stringValue?.contains("majority") == true)
        let failed = json(CommandError("is not there", at: "f.yaml"))
        #expect(failed == ["code": "failed", "place": "f.yaml", "message": "is not there"])
        let usage = try #require(Self.failure("policy activate s 1 --ring all --soak 5 --json")).json["error"]
        #expect(usage?["code"] == "usage" && usage?["advice"]?.stringValue?.contains("5m") == true)
    }

    @Test(
        "what TLS says, in words",
        arguments: [
            ("handshakeFailed(… :CERTIFICATE_VERIFY_FAILED at /x/handshake.cc:320]))", "not signed by the roots", true),
            ("… :TLSV1_ALERT_UNKNOWN_CA …", "another trust domain", true),
            ("… :SSLV3_ALERT_CERTIFICATE_EXPIRED …", "your certificate has expired", true),
            ("… :SSLV3_ALERT_CERTIFICATE_UNKNOWN …", "is this the admin port", true),
            ("something new", "TLS failed: something new", false),
        ]
    )
    func tls(text: String, words: String, isOfCertificates: Bool) {
        let failure = TLSFailure(text)
        #expect(failure.description.contains(words) && !failure.description.contains("/x/"))
        #expect(failure.isOfCertificates == isOfCertificates)
    }

    @Test("an own certificate that ends soon is told of, and one that has ended is not shown") func expiry() throws {
        let now = WallTime(milliseconds: 1_700_000_000_000)
        func notice(_ hours: UInt64) throws -> String? {
            let end = hours == 0 ? now.reduced(by: .seconds(1)) : now.advanced(by: .seconds(hours * 3600))
            let validity = CertificateValidity(notBefore: .distantPast, notAfter: end)
            return try ExpiryNotice(validity, of: "a.crt", at: now)?.text
        }
        #expect(try notice(30 * 24) == nil)
        #expect(try notice(30 * 24 - 1)?.contains("(a.crt) ends in 29 days;") == true)
        #expect(try notice(1)?.contains("ends in 1 hour;") == true)
        #expect(throws: CommandError.self) { _ = try notice(0) }
    }
}
