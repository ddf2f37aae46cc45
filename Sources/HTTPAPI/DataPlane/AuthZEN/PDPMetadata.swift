internal import Decision
internal import Service

/// What a policy decision point says of itself at `/.well-known/authzen-configuration` (section 9).
struct PDPMetadata {
    let json: [UInt8]

    /// A slash at the end of the URL is dropped.
    init(baseURL: String) {
        var base = baseURL[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        var bytes = Array("{\"policy_decision_point\":".utf8)
        bytes.append(json: String(base))
        bytes.append(contentsOf: ",\"access_evaluation_endpoint\":".utf8)
        bytes.append(json: base + Route.evaluationPath)
        bytes.append(contentsOf: ",\"access_evaluations_endpoint\":".utf8)
        bytes.append(json: base + Route.evaluationsPath)
        for target in SearchQuery.Target.allCases {
            bytes.append(contentsOf: ",\"search_\(target.rawValue)_endpoint\":".utf8)
            bytes.append(json: base + Route.searchPath + target.rawValue)
        }
        bytes.append(UInt8(ascii: "}"))
        self.json = bytes
    }
}
