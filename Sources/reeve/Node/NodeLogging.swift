import Foundation
import JSON
import Logging

/// Sends a node's log lines to standard error.
enum NodeLogging {
    static func start(_ output: NodeConfiguration.LogOutput, node: String) -> Logger {
        LoggingSystem.bootstrap { label in
            switch output.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLineLogHandler()
            }
        }
        var logger = Logger(label: "reeve")
        logger.logLevel = output.level
        logger[metadataKey: "node"] = "\(node)"
        return logger
    }
}

/// One JSON object a line, for collectors.
struct JSONLineLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members = [
            JSONMember(name: "time", value: .string(Date().formatted(.iso8601))),
            JSONMember(name: "level", value: .string(event.level.rawValue)),
            JSONMember(name: "message", value: .string(event.message.description)),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for key in all.keys.sorted() where !members.contains(where: { $0.name == key }) {
            members.append(JSONMember(name: key, value: .string("\(all[key] ?? "")")))
        }
        FileHandle.standardError.write(Data(JSONValue.object(members).serialized() + [UInt8(ascii: "\n")]))
    }
}
