import ArgumentParser
import Directory
import HTTPAPI
import JSON
import Kernel
import Keys
import Service

/// Makes a statement with the key of a warrant and brings it to a node, which needs no leader to take it.
struct StatementUnderWarrant {
    let file: String
    let kind: RevocationKind
    let subject: RevocationSubject
    let cascades: Bool
    let reason: String

    /// How long the log is waited for once the statement counts somewhere.
    private static let verdictTimeout = Duration.seconds(2)
    private static let verdictInterval = Duration.milliseconds(50)
    private static let nodeTimeout = Duration.seconds(5)

    func run(_ common: CommonOptions) async throws {
        try await common.connection.withAnonymousClient { client in
            let report = try await carryOut(by: client, tell: { Console.progress($0) }) {
                if common.output.json { Console.json($0.json) } else { Console.print($0.text) }
            } passphrase: {
                try common.connection.passphrase.read(prompt: "Passphrase of the key in \(file): ")
            }
            if report.refusal != nil { throw ExitCode.failure }
        }
    }

    /// - Parameters:
    ///   - tell: Of what was not asked for.
    ///   - show: What has come of what was.
    func carryOut(
        by client: ClusterClient,
        tell: (String) -> Void,
        show: (Report) -> Void,
        passphrase: () throws -> Passphrase
    ) async throws -> Report {
        let kept = try UnsentStatement.all(besideWarrantAt: file)
        let statement = try statement(among: kept, passphrase)
        let report = try await bring(statement, client)
        show(report)
        // Last, so that none holds up the one that is asked for.
        for old in kept where old.path != statement.path {
            tell(Self.announcement(of: old))
            do { tell(try await bring(old, client).text) } catch { tell("\(error)") }
        }
        return report
    }

    /// That of an earlier run that was asked for the same and reached nobody, or else one that is signed now.
    private func statement(
        among kept: [UnsentStatement],
        _ passphrase: () throws -> Passphrase
    ) throws -> UnsentStatement {
        let warrant = try WarrantFile.load(file)
        if let old = kept.first(where: { isMeant(by: $0.signed) }) { return old }
        try warrant.check(kind, cascades: cascades, at: file, now: .now)
        try warrant.checkScope(subject, at: file)
        let key = try warrant.privateKey(at: file, passphrase: passphrase)
        return try UnsentStatement(try sign(warrant, key), besideWarrantAt: file)
    }

    /// Whether an earlier run was asked for the same, be it for another reason.
    func isMeant(by kept: SignedStatement) -> Bool {
        let statement = kept.statement
        return statement.kind == kind && statement.subject == subject && statement.cascades == cascades
    }

    private static func announcement(of kept: UnsentStatement) -> String {
        let statement = kept.signed.statement
        return
            "\(kept.path): the statement of \(statement.issuedAt.rfc3339) to \(statement.kind.rawValue) \(statement.subject) "
            + "had reached no node yet, and is brought now"
    }

    private func sign(_ warrant: WarrantFile, _ key: PrivateKey) throws -> SignedStatement {
        let statement = Statement(
            lineage: warrant.lineage,
            warrant: warrant.name,
            sequence: try WarrantFile.takeSequence(from: file),
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: reason,
            issuedAt: .now
        )
        return SignedStatement(statement, signature: try key.signature(of: statement.signedBytes))
    }

    struct Report {
        let signed: SignedStatement
        /// The first that took it.
        let node: String
        var revision: Int64?
        /// Of the log, after a node had it in force.
        var refusal: APIError?

        var text: String {
            let statement = signed.statement
            let whom = RevokeCommand.whom(statement.subject.description, statement.cascades)
            var lines = ["\(whom) \(SubjectStatus(statement.kind).rawValue): enforced at \(node)"]
            if let revision { lines.append("recorded (revision \(revision))") }
            if let refusal { lines.append("refused: \(refusal)") }
            if revision == nil, refusal == nil {
                lines.append("not in the log yet: it counts at \(node) and wherever it spreads from there")
            }
            lines.append("statement \(signed.id.hex), number \(statement.sequence) of \(statement.warrant)")
            return lines.map { $0 + "\n" }.joined()
        }

        var json: JSONValue {
            let state = refusal != nil ? "refused" : revision != nil ? "recorded" : "enforced"
            return [
                "id": .string(signed.id.hex), "state": .string(state), "node": .string(node),
                "revision": revision.map { .integer($0) } ?? .null, "refusal": (refusal?.code).json,
                "warrant": .string(signed.statement.warrant), "sequence": .integer(Int64(signed.statement.sequence)),
            ]
        }
    }

    /// To the first node that takes it: what one does not know yet, such as a new warrant, another may.
    private func bring(_ unsent: UnsentStatement, _ client: ClusterClient) async throws -> Report {
        let signed = unsent.signed
        let request = ClusterClient.Request(method: .post, path: "/v1/statements", body: signed.json)
        var failures: [String] = []
        var isRefusedByAll = true
        var isNumberSpared = unsent.isNew
        for node in client.nodes {
            do {
                let reply = try await client.send(request, to: node, timeout: Self.nodeTimeout)
                unsent.remove()
                return try await verdict(Report(signed: signed, node: node.name), reply, request, node, client)
            } catch let error as APIError {
                failures.append(error.description)
                if !error.isStatementRefusal { isRefusedByAll = false }
                if !error.sparesNumber { isNumberSpared = false }
            } catch let error as UnreachableNode {
                failures.append(error.description)
                isRefusedByAll = false
            }
        }
        if isRefusedByAll { unsent.remove() }
        // After the file is gone: a statement that is found again must not have a number that another has as well.
        let isGivenBack =
            isRefusedByAll && isNumberSpared
            && (try? WarrantFile.giveBack(signed.statement.sequence, to: file)) == true
        throw CommandError(
            "no node takes the statement:\n  " + failures.joined(separator: "\n  "),
            advice: Self.advice(signed, keptAt: isRefusedByAll ? nil : unsent.path, isGivenBack: isGivenBack)
        )
    }

    private static func advice(_ signed: SignedStatement, keptAt path: String?, isGivenBack: Bool) -> String {
        if isGivenBack { return "nothing of the warrant is used; correct it and run it again" }
        let number = "number \(signed.statement.sequence) of the warrant"
        guard let path else { return "\(number) is used up, though no node took it" }
        return "the statement is kept in \(path); run it again, also with another context: "
            + "it takes no other number than \(number)"
    }

    /// Asks the node that has it in force, by bringing it again, what the log says.
    private func verdict(
        _ report: Report,
        _ first: ClusterClient.Reply,
        _ request: ClusterClient.Request,
        _ node: ClusterContext.Node,
        _ client: ClusterClient
    ) async throws -> Report {
        var report = report
        report.revision = first.body["revision"]?.integerValue
        let start = ContinuousClock.now
        while report.revision == nil, ContinuousClock.now - start < Self.verdictTimeout {
            try await Task.sleep(for: Self.verdictInterval)
            do {
                let reply = try await client.send(request, to: node, timeout: Self.verdictTimeout)
                report.revision = reply.body["revision"]?.integerValue
            } catch let error as APIError where error.isStatementRefusal {
                report.refusal = error
                break
            } catch is APIError {
                // It counts all the same, and the node may say more in a moment.
            } catch is UnreachableNode {
                break
            }
        }
        return report
    }
}

extension APIError {
    /// Whether a node says that a statement does not count.
    var isStatementRefusal: Bool { StatementRefusal(rawValue: code) != nil }

    /// Whether it says so for a reason in which the statement's number has no part: then the node keeps nothing of it, and another
    /// statement may have that number.
    fileprivate var sparesNumber: Bool {
        switch StatementRefusal(rawValue: code) {
        case .unknownSubject, .outOfScope, .levelTooHigh, .cascadeNotAllowed, .limitReached, .invalid, .otherCluster,
            .unknownWarrant:
            true
        case .warrantWithdrawn, .warrantExpired, .warrantFrozen, .overBudget, .badSignature, nil: false
        }
    }
}
