import Directory

/// No node has done what was asked for, as far as is known.
struct NobodyAnswered: Error, CustomStringConvertible {
    private let isWrite: Bool
    private var failures: [String] = []
    /// Of a write: whether a node may have done it, or may do it yet.
    private(set) var mayHaveHappened = false
    /// What the node said that was asked last; nil if it gave no answer.
    private(set) var lastAnswer: APIError?
    private var isOfCertificates = false
    /// Whether a node has said something, though nothing that helps.
    private var hasAnswers = false

    init(isWrite: Bool) { self.isWrite = isWrite }

    mutating func add(_ error: APIError) {
        failures.append(error.description)
        lastAnswer = error
        hasAnswers = true
        if isWrite, !error.rulesOutWrite { mayHaveHappened = true }
    }

    mutating func add(_ error: UnreachableNode) {
        failures.append(error.description)
        lastAnswer = nil
        if error.isOfCertificates { isOfCertificates = true }
        if isWrite, error.mayHaveHeard { mayHaveHappened = true }
    }

    var description: String {
        let list = failures.map { "\n  \($0)" }.joined()
        return mayHaveHappened
            ? "the write may have happened; look before you repeat it:\(list)"
            : "\(hasAnswers ? "no node could do it" : "no node answers"):\(list)\n  \(advice)"
    }

    private var advice: String {
        isOfCertificates
            ? "check certificate, key and roots of the context file, or give another one with --context FILE"
            : "start the nodes, or give another context with --context FILE"
    }
}

extension APIError {
    /// Whether a write has not happened, nor will, as this answer to it says.
    var rulesOutWrite: Bool {
        if status < 500 { return !Self.codesOfEarlierWrites.contains(code) }
        return Self.codesBeforeWrites.contains(code) || RefusalCode(rawValue: code) != nil
    }

    /// An attempt before this one has done it.
    private static let codesOfEarlierWrites: Set = ["token_already_issued", "ticket_already_issued"]

    /// Of answers 5xx that a node gives before it hands a write to the log. Any other may come of what followed the write, or of
    /// something between here and the node.
    private static let codesBeforeWrites: Set = [
        "no_leader", "not_ready", "not_yet", "no_seal", "shutting_down", "storage_full", "halted",
    ]
}

extension Error {
    /// Whether a write that ended so has certainly not happened, nor will.
    var rulesOutWrite: Bool {
        switch self {
        case let error as APIError: error.rulesOutWrite
        case let error as NobodyAnswered: !error.mayHaveHappened
        default: false
        }
    }
}
