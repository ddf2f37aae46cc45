extension FeatureLevel {
    /// All that this program can apply, lowest first.
    package static let known = (first.number...supported.number).map { FeatureLevel($0) }

    /// What a cluster can be told from this level on, for people; nil for a level that this program does not know.
    package var brings: String? {
        switch self {
        case .first: "everything that a cluster starts with"
        case .cascades: "revocations, quarantines and warrants that cascade (--cascade)"
        case .actionAges: "settings that bound the age of knowledge by action (--action-age)"
        case .seals: "seals: voters sign what the log and the state are, and a node whose state differs stops answering"
        case .edges: "edges: nodes without a vote that decide by what voters have sealed (cluster add --edge)"
        case .labels:
            "labels on nodes (cluster label), whose zones the overlay heeds, and policies rolled out ring by ring (policy rollout)"
        default: nil
        }
    }
}
