import Directory
import Identity
import JSON
import Kernel
import Keys
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: who may") struct AdminAuthenticationTests {
    let admin: Administration

    init() throws { admin = try Administration() }

    /// `service/operator`, which may read and put roles but no more.
    func operatorToken(_ id: String = "op", for lifetime: Kernel.Span = .seconds(3600)) -> String {
        admin.node.succeed(.put(.principal(.init(id: MemoryNode.id("service/operator"))), .none))
        admin.node.activate(
            "reeve.admin",
            MemoryNode.administration + """

                permit (
                    principal == Service::"operator",
                    action in [Reeve::Action::"read", Reeve::Action::"putRole"],
                    resource
                );
                """
        )
        return admin.node.issue(id, MemoryNode.id("service/operator"), for: lifetime)
    }

    @Test("nobody is told anything but health, and how to prove who they are") func nobody() async {
        for path in ["/v1/roles", "/v1/node/status", "/metrics", "/v1/audit", "/v1/cluster/status"] {
            let answer = await admin.send("GET", path, by: .nobody)
            #expect(answer.status == 401 && answer.code == "no_credential", "\(path)")
            #expect(answer.header("WWW-Authenticate") == "Bearer realm=\"reeve\"")
        }
        for path in ["/healthz", "/readyz"] { #expect(await admin.send("GET", path, by: .nobody).status == 200) }
        #expect(await admin.send("PUT", "/v1/roles/a", "{}", by: .nobody).status == 401)
        #expect(await admin.send("GET", "/v1/nothing", by: .nobody).status == 404)
    }

    @Test("tokens that are unknown or malformed are refused, whatever the certificate says") func badTokens() async {
        let stranger = "reeve_" + String(repeating: "a", count: 43)
        for (token, code) in [("x", "malformed_token"), (stranger, "token_unknown")] {
            for (method, body) in [("GET", nil), ("PUT", "{}")] {
                let answer = await admin.send(method, "/v1/roles/a", body, by: .token(token))
                #expect(answer.status == 401 && answer.code == code)
                #expect(!answer.text.contains(stranger))
            }
        }
        #expect(await admin.send("GET", "/metrics", by: .token(stranger)).code == "token_unknown")
        let both = await admin.send("GET", "/v1/roles", headers: [("Authorization", "Bearer x")])
        #expect(both.code == "malformed_token")
        let basic = await admin.send("GET", "/v1/roles", headers: [("Authorization", "Basic eDp5")])
        #expect(basic.code == "unsupported_authorization")
    }

    @Test("a token has the rights of its holder, by the policies of reeve.admin") func authorized() async {
        let token = operatorToken()
        #expect(await admin.send("GET", "/v1/roles", by: .token(token)).status == 200)
        #expect(await admin.send("PUT", "/v1/roles/a", "{}", by: .token(token)).status == 200)
        #expect(admin.node.lastCommand?.caller == .principal(MemoryNode.id("service/operator"), token: "op"))
        let other = await admin.send("PUT", "/v1/principals/agent/x", "{}", by: .token(token))
        #expect(other.status == 403 && other.code == "unauthorized" && other.detail.contains("putPrincipal"))
    }

    @Test("who holds no right reads nothing and changes nothing") func denied() async {
        let token = admin.sample.botToken
        let read = await admin.send("GET", "/v1/roles", by: .token(token))
        #expect(read.status == 403 && read.code == "no_permit")
        let write = await admin.send("DELETE", "/v1/roles/reader", by: .token(token))
        #expect(write.status == 403 && write.code == "unauthorized")
        #expect(await admin.send("GET", "/v1/roles/reader").status == 200)
        #expect(await admin.send("GET", "/metrics", by: .token(token)).status == 200)
    }

    @Test("a token counts until it expires or is revoked") func formerTokens() async {
        let short = operatorToken("short", for: .seconds(10))
        let long = operatorToken("long")
        admin.node.advance(.seconds(11))
        admin.node.refresh()
        #expect(await admin.send("GET", "/v1/roles", by: .token(short)).code == "token_expired")
        #expect(await admin.send("PUT", "/v1/roles/a", "{}", by: .token(short)).code == "token_expired")
        #expect(await admin.send("GET", "/v1/roles", by: .token(long)).status == 200)
        await admin.send("POST", "/v1/revocations", #"{"subject":"token/long","reason":"leaked"}"#)
        #expect(await admin.send("GET", "/v1/roles", by: .token(long)).code == "token_revoked")
        #expect(await admin.send("PUT", "/v1/roles/a", "{}", by: .token(long)).code == "token_revoked")
    }

    @Test("a revoked or restricted holder has no rights left") func standing() async {
        let token = operatorToken()
        await admin.send(
            "POST",
            "/v1/quarantines",
            #"{"principal":"service/operator","level":"restrict","reason":"x"}"#
        )
        let restricted = await admin.send("PUT", "/v1/roles/a", "{}", by: .token(token))
        #expect(restricted.status == 403 && restricted.code == "caller_quarantined")
        await admin.send("POST", "/v1/revocations", #"{"subject":"service/operator","reason":"x"}"#)
        let commands = admin.node.lastCommand
        let write = await admin.send("PUT", "/v1/roles/a", "{}", by: .token(token))
        #expect(write.status == 403 && write.code == "caller_revoked")
        #expect(admin.node.lastCommand == commands, "the log is not asked")
        let read = await admin.send("GET", "/v1/roles", by: .token(token))
        #expect(read.status == 403 && read.code == "principal_revoked")
    }

    @Test("a certificate names an administrator or a principal that the directory knows") func certificates()
        async throws
    {
        let domain = admin.authority.trustDomain
        func peer(_ path: String) throws -> Administration.Caller {
            .peer(PeerIdentity(try admin.authority.identity(SPIFFEID(trustDomain: domain, path: path))))
        }
        // A certificate of the right name with a key that the directory does not list.
        #expect(await admin.send("GET", "/v1/roles", by: try peer("/admin/root")).code == "caller_unknown")
        #expect(await admin.send("PUT", "/v1/roles/a", "{}", by: try peer("/admin/root")).code == "unauthorized")
        #expect(await admin.send("GET", "/v1/roles", by: try peer("/service/gateway")).code == "no_permit")
        #expect(await admin.send("GET", "/v1/roles", by: try peer("/service/stranger")).code == "caller_unknown")
        #expect(await admin.send("GET", "/v1/roles", by: try peer("/node/n1")).code == "not_a_principal")
        let refused = await admin.send("GET", "/v1/roles", by: .peer(.refused(.noSPIFFEID)))
        #expect(refused.status == 401 && refused.code == "certificate_no_spiffe_id")
    }

    @Test("a connection does not outlive the certificate that it began with") func expiredCertificate() async {
        #expect(await admin.send("GET", "/v1/roles").status == 200)
        admin.node.advance(.seconds(31 * 86_400))
        let answer = await admin.send("GET", "/v1/roles")
        #expect(answer.status == 401 && answer.code == "certificate_expired")
    }

    @Test("reads by right end where the node's knowledge does") func notServing() async {
        admin.node.setServing(false)
        let answer = await admin.send("GET", "/v1/roles")
        #expect(answer.status == 503 && answer.code == "not_ready")
        #expect(await admin.send("GET", "/v1/node/status").status == 200)
    }
}
