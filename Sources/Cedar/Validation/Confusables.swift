/// Texts that may not be what they look like.
enum Confusables {
    /// The first of: a character that turns the direction of writing, one that cannot be seen, letters of several scripts.
    static func suspicion(about text: String) -> ValidationWarning.Suspicion? {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return nil }
        var scripts: Set<Script> = []
        var hidden: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if turnsDirection(scalar) { return .direction(scalar.value) }
            if hidden == nil, isHidden(scalar) { hidden = scalar }
            if let script = Script(scalar) { scripts.insert(script) }
        }
        if let hidden { return .invisible(hidden.value) }
        return scripts.count > 1 && !scripts.isSubset(of: Script.writtenTogether) ? .mixedScripts : nil
    }

    /// Embeddings, overrides and isolates (UAX #9), which can make a text read in another order than it has.
    private static func turnsDirection(_ scalar: Unicode.Scalar) -> Bool {
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isDefaultIgnorableCodePoint && !scalar.properties.isVariationSelector
    }

    /// The scripts whose letters can be taken for those of another, and those that are written together.
    private enum Script: Hashable {
        case latin, greek, cyrillic, armenian, cherokee, hebrew, arabic, han, kana, hangul

        /// Japanese, Korean and Chinese, in which Latin words are usual too.
        static let writtenTogether: Set<Script> = [.latin, .han, .kana, .hangul]

        /// Nil for what is no letter of these.
        init?(_ scalar: Unicode.Scalar) {
            guard scalar.properties.isAlphabetic else { return nil }
            switch scalar.value {
            case 0x41...0x5A, 0x61...0x7A, 0xAA, 0xBA, 0xC0...0x2B8, 0x1E00...0x1EFF, 0x2C60...0x2C7F, 0xA722...0xA7FF,
                0xFF21...0xFF3A, 0xFF41...0xFF5A:
                self = .latin
            case 0x370...0x3FF, 0x1F00...0x1FFF: self = .greek
            case 0x400...0x52F, 0x1C80...0x1C8F, 0x2DE0...0x2DFF, 0xA640...0xA69F: self = .cyrillic
            case 0x531...0x58F: self = .armenian
            case 0x13A0...0x13FF, 0xAB70...0xABBF: self = .cherokee
            case 0x591...0x5F4, 0xFB1D...0xFB4F: self = .hebrew
            case 0x610...0x6FF, 0x750...0x77F, 0xFB50...0xFDFF, 0xFE70...0xFEFC: self = .arabic
            case 0x3041...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9F: self = .kana
            case 0x3400...0x9FFF, 0xF900...0xFAFF, 0x20000...0x323AF: self = .han
            case 0x1100...0x11FF, 0x3131...0x318E, 0xAC00...0xD7FB: self = .hangul
            default: return nil
            }
        }
    }
}

extension PolicySet {
    /// Warnings of texts that may not be what they look like, which need no schema: at most `limit`.
    package func suspiciousTexts(limit: Int = ValidationLimits.standard.maxErrors) -> [ValidationWarning] {
        var found: [ValidationWarning] = []
        for policy in templates + policies.filter({ $0.template == nil }) where found.count < limit {
            found += policy.suspiciousTexts(limit: limit - found.count)
        }
        return found
    }
}

extension Policy {
    /// In annotations, ids, attributes, keys, strings and patterns.
    func suspiciousTexts(limit: Int) -> [ValidationWarning] {
        var search = SuspiciousTexts(policy: id, limit: limit)
        for annotation in annotations { search.look(at: annotation.value, range) }
        for uid in scope.entities { search.look(at: uid.id, range) }
        for condition in conditions { search.look(into: condition.body) }
        return search.found
    }
}

private struct SuspiciousTexts {
    let policy: PolicyID
    let limit: Int
    private(set) var found: [ValidationWarning] = []

    init(policy: PolicyID, limit: Int) { (self.policy, self.limit) = (policy, limit) }

    mutating func look(into expression: Expression) {
        for text in expression.kind.texts { look(at: text, expression.range) }
        for child in expression.kind.children { look(into: child) }
    }

    mutating func look(at text: String, _ range: SourceRange) {
        guard found.count < limit, let suspicion = Confusables.suspicion(about: text) else { return }
        found.append(ValidationWarning(policy: policy, range: range, reason: .suspiciousText(text, suspicion)))
    }
}

extension Expression.Kind {
    /// Those that stand in this node itself.
    fileprivate var texts: [String] {
        switch self {
        case .literal(.string(let text)): [text]
        case .literal(.entity(let uid)): [uid.id]
        case .has(_, let path): path.map(\.text)
        case .attribute(_, let name): [name.text]
        case .like(_, let pattern): pattern.segments
        case .record(let fields): fields.map(\.name.text)
        default: []
        }
    }
}

extension Scope {
    /// All that it names.
    var entities: [EntityUID] {
        let actions =
            switch action {
            case .any: [EntityUID]()
            case .equal(let uid), .memberOf(let uid): [uid]
            case .memberOfAny(let uids): uids
            }
        return [principal.entity].compactMap(\.self) + actions + [resource.entity].compactMap(\.self)
    }
}
