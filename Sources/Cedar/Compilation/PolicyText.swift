/// A text of policies, parsed and compiled.
///
/// Each policy is as if it were a text of its own: its ranges count from its own first byte, and where that is the text
/// knows. So a policy before which something changes stays the same object, and the text after a change of one
/// policy among many is parsed and compiled where it differs.
package struct PolicyText: Sendable {
    package private(set) var text: String
    /// In the order of the text, templates included: called by their `@id`, or else `policy0`, `policy1` and so on by
    /// their numbers in that order.
    package private(set) var policies: [Policy]
    /// The same, under the same numbers. Templates apply to nothing.
    package private(set) var compiled = CompiledPolicySet()
    private var starts: ContiguousArray<Start>
    private let limits: SyntaxLimits
    /// What stands in the place of its templates; nil where these are kept.
    package let links: [TemplateLink]?

    fileprivate struct Start {
        /// In bytes, from 0.
        var offset: Int
        /// From 1.
        var line: Int
    }

    /// Two policies of one name are a fault, reported at the second.
    ///
    /// - Parameter links: With this, each template is replaced by the policies that are linked from it, of which none may be
    ///   there: they are called by their own names, and are where it is. A link that cannot be made is a fault there, too.
    package init(
        _ text: String,
        links: [TemplateLink]? = nil,
        limits: SyntaxLimits = .standard
    ) throws(CedarSyntaxError) {
        var parser = try Parser.start(text, limits: limits)
        var reading = Reading()
        try parser.statements { parser throws(Diagnostic) in
            guard reading.policies.count < limits.maxPolicies else { throw parser.tooManyPolicies() }
            try reading.readPolicy(&parser)
        }
        (self.text, self.links, self.limits, policies, starts) = (text, links, limits, reading.policies, reading.starts)
        try checkNames(in: parser.bytes)
        if let links { try replaceTemplates(by: links, in: parser.bytes) }
        for policy in policies { compiled.put(policy) }
    }

    private func checkNames(in bytes: [UInt8]) throws(CedarSyntaxError) {
        var names: Set<PolicyID> = []
        var diagnostics: [Diagnostic] = []
        for (number, policy) in policies.enumerated() where !names.insert(policy.id).inserted {
            guard diagnostics.count < limits.maxDiagnostics else { break }
            let message = "\(PolicySetError.duplicateID(policy.id))"
            diagnostics.append(Diagnostic(message, at: place(policy.range, of: number), in: SourceText(bytes)))
        }
        guard diagnostics.isEmpty else { throw CedarSyntaxError(diagnostics: diagnostics) }
    }

    private mutating func replaceTemplates(
        by links: [TemplateLink],
        in bytes: [UInt8]
    ) throws(CedarSyntaxError) {
        // For lookup only, never iterated.
        var linked: [PolicyID: [Policy]] = [:]
        do throws(PolicySetError) {
            var set = try PolicySet(policies)
            for link in links {
                try set.link(link)
                if let policy = set[link.id] { linked[link.template, default: []].append(policy) }
            }
        } catch {
            throw CedarSyntaxError(diagnostics: [Diagnostic("\(error)", at: .none, in: SourceText(bytes))])
        }
        let replacements = zip(policies, starts).flatMap { policy, start in
            (policy.isTemplate ? linked[policy.id] ?? [] : [policy]).map { (policy: $0, start: start) }
        }
        policies = replacements.map(\.policy)
        starts = ContiguousArray(replacements.map(\.start))
    }

    /// The line that a policy begins in, annotations included, from 1.
    package func line(of number: Int) -> Int { starts[number].line }

    /// Where a policy begins.
    package func position(of number: Int) -> SourcePosition { SourceText(text).position(at: starts[number].offset) }

    /// Where a range of a policy is in the whole text.
    package func place(_ range: SourceRange, of number: Int) -> SourceRange {
        range.moved(by: UInt32(starts[number].offset))
    }

    /// What is written there.
    package func excerpt(_ range: SourceRange, of number: Int) -> String {
        let range = place(range, of: number)
        let bytes = text.utf8.dropFirst(Int(range.start)).prefix(Int(range.end - range.start))
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: Changes

extension PolicyText {
    /// What `init` makes of another text, at the cost of what differs and of a look at the bytes.
    ///
    /// Between two policies, behind a semicolon that is a token, a parser knows nothing of what it has read. So policies that
    /// end within what both texts begin with are the same in both; and once a parser that goes on from there stands between
    /// two policies, with exactly those bytes to come that follow a policy in the earlier text, the rest are, too.
    ///
    /// - Returns: Which policies are others; nil where all had to be read anew.
    /// - Throws: What `init` throws.
    package func changed(to text: String) throws(CedarSyntaxError) -> (text: PolicyText, change: PolicyChange?) {
        // Policies in the place of templates are no policies of the text.
        if links == nil, let (changed, change) = reread(text) { return (changed, change) }
        return (try PolicyText(text, links: links, limits: limits), nil)
    }

    /// Nil where something is wrong with the text: a whole reading then says what.
    private func reread(_ text: String) -> (PolicyText, PolicyChange)? {
        guard text.utf8.count <= limits.maxBytes else { return nil }
        let difference = TextDifference(from: self.text, to: text)
        let sameEnd = self.text.utf8.count - difference.sameEnd
        let first = countOfPolicies(within: difference.sameStart)
        var reading = Reading(first: first, at: end(ofFirst: first), line: line(atEndOfFirst: first))
        var parser = Parser([UInt8](text.utf8), from: reading.end, limits: limits)
        var next = first
        while true {
            // Where the parser would stand in the earlier text.
            let place = reading.end - difference.growth
            while next < policies.count, end(ofFirst: next) < max(place, sameEnd) { next += 1 }
            if place >= sameEnd, end(ofFirst: next) == place { break }
            guard parser.current.kind != .end else {
                next = policies.count
                break
            }
            do throws(Diagnostic) { try reading.readPolicy(&parser) } catch { return nil }
        }
        return spliced(reading, before: next, difference, in: text)
    }

    /// Ends where the last of the first policies does; without policies at the start of the text.
    private func end(ofFirst count: Int) -> Int {
        count == 0 ? 0 : starts[count - 1].offset + Int(policies[count - 1].range.end)
    }

    private func line(atEndOfFirst count: Int) -> Int {
        guard let last = policies[..<count].last else { return 1 }
        return starts[count - 1].line + excerpt(last.range, of: count - 1).utf8.count { $0 == UInt8(ascii: "\n") }
    }

    private func countOfPolicies(within byteCount: Int) -> Int {
        var range = 0..<policies.count
        while let middle = range.middle {
            range = end(ofFirst: middle + 1) <= byteCount ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// Nil for a set that may not be.
    private func spliced(
        _ reading: Reading,
        before next: Int,
        _ difference: TextDifference,
        in text: String
    ) -> (PolicyText, PolicyChange)? {
        let change = PolicyChange(
            old: reading.first..<next,
            new: reading.first..<reading.first + reading.policies.count
        )
        var changed = self
        changed.text = text
        changed.policies.replaceSubrange(change.old, with: reading.policies)
        guard changed.policies.count <= limits.maxPolicies else { return nil }
        changed.starts.replaceSubrange(change.old, with: reading.starts)
        let newLines = reading.line - line(atEndOfFirst: next)
        for number in change.new.upperBound..<changed.starts.count {
            changed.starts[number].offset += difference.growth
            changed.starts[number].line += newLines
        }
        if change.isShift { changed.callByOrder(from: change.new.upperBound) }
        do { try changed.compiled.change(change, to: changed.policies) } catch { return nil }
        return (changed, change)
    }

    /// What has no name of its own has that of its place.
    private mutating func callByOrder(from first: Int) {
        for number in first..<policies.count where policies[number].annotation("id") == nil {
            policies[number] = policies[number].renamed(.byOrder(number))
        }
    }
}

/// Policies of a text, one after the other.
private struct Reading {
    /// The number of the first of them.
    let first: Int
    private(set) var policies: [Policy] = []
    private(set) var starts: ContiguousArray<PolicyText.Start> = []
    /// Where the last one ends, and in which line.
    private(set) var end: Int
    private(set) var line: Int

    init(first: Int = 0, at end: Int = 0, line: Int = 1) {
        (self.first, self.end, self.line) = (first, end, line)
    }

    mutating func readPolicy(_ parser: inout Parser) throws(Diagnostic) {
        let start = parser.current.range.start
        parser.origin = start
        let policy = try parser.policy(id: .byOrder(first + policies.count), at: .start)
        policies.append(policy.annotation("id").map { policy.renamed(PolicyID($0)) } ?? policy)
        advance(to: Int(start), in: parser.bytes)
        starts.append(PolicyText.Start(offset: end, line: line))
        advance(to: Int(parser.previous.range.end), in: parser.bytes)
    }

    private mutating func advance(to place: Int, in bytes: [UInt8]) {
        line += bytes[end..<place].count { $0 == UInt8(ascii: "\n") }
        end = place
    }
}
