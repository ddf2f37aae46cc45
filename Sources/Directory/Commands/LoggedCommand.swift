/// Why a command must not go into the log.
package enum UnloggableCommand: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its bytes do not give it back; it may be nested too deeply.
    case unreadable
    case tooNew(FeatureLevel, supported: FeatureLevel)

    package var description: String {
        switch self {
        case .unreadable: "the command cannot be written to the log; it may be nested too deeply"
        case .tooNew(let level, let supported):
            "the command needs feature \(level), this program knows \(supported); install a newer one"
        }
    }
}

extension DirectoryCodec {
    /// A command as it goes into the log. Once committed, one that cannot be applied would halt every node.
    package func loggedBytes(of command: Command) throws(UnloggableCommand) -> [UInt8] {
        guard command.requiredLevel <= .supported else {
            throw .tooNew(command.requiredLevel, supported: .supported)
        }
        let bytes = encode(command)
        guard (try? decodeCommand(bytes)) == command else { throw .unreadable }
        return bytes
    }
}

extension Command {
    /// The level that a cluster must have been raised to before it may stand in the log.
    package var clusterLevel: FeatureLevel { max(featureLevel, body.featureLevel) }

    /// The level that a program must support to apply it, if it takes effect.
    package var requiredLevel: FeatureLevel {
        if case .raiseFeatureLevel(let raised) = body { max(clusterLevel, raised) } else { clusterLevel }
    }
}
