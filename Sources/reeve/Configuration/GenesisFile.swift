import Directory
import Foundation
import HTTPAPI
import JSON
import Kernel

/// The file that all first voters of a cluster share, byte for byte: what entry 1 of the log pins.
///
/// JSON with members in a fixed order, so that equal content has equal bytes.
struct GenesisFile: Hashable, Sendable {
    let genesis: Genesis

    static let maximumByteCount = 1 << 20

    static func load(_ path: String) throws -> GenesisFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(
                "there is no such file, or it cannot be read",
                at: path,
                advice: "copy genesis.json as `reeve cluster init` made it; it is the same for all nodes"
            )
        }
        return try parse(Array(data), file: path)
    }

    static func parse(_ bytes: [UInt8], file: String) throws -> GenesisFile {
        do {
            return GenesisFile(
                genesis: try Genesis(JSONValue.parse(bytes, limits: JSONLimits(maxBytes: maximumByteCount)))
            )
        } catch let error as JSONError {
            throw CommandError("is not valid JSON: \(error.reason)", at: "\(file):\(error.line):\(error.column)")
        } catch let error as FieldError {
            throw CommandError(error.description, at: file)
        }
    }

    var text: String { genesis.json.prettyPrinted() }
}

extension Genesis {
    fileprivate init(_ value: JSONValue) throws(FieldError) {
        var reader = try ObjectReader(value)
        let lineage = try reader.uuid("lineage")
        let trustDomain = try reader.string("trust_domain")
        var voters: [MemberSpec] = []
        for element in try reader.array("voters") { voters.append(try MemberSpec(element.value, at: element.path)) }
        guard !voters.isEmpty, !voters.count.isMultiple(of: 2), voters.count <= 7 else {
            throw FieldError(reader.path.member("voters"), "must be 1, 3, 5 or 7 members")
        }
        var administrator = try reader.object("administrator")
        let fingerprint = try administrator.digest("key_fingerprint")
        let name = try administrator.string("name")
        try administrator.finish()
        let level = try reader.integer("feature_level", in: 1...FeatureLevel.supported.number)
        let settings =
            try reader.optionalObject("settings").map { section throws(FieldError) in try Settings(section) }
            ?? Settings()
        try reader.finish()
        self.init(
            lineage: Lineage(high: lineage.high, low: lineage.low),
            trustDomain: trustDomain,
            voters: voters,
            administrator: AdministratorSpec(fingerprint: fingerprint, name: name),
            settings: settings,
            featureLevel: FeatureLevel(level)
        )
    }

    /// What the file says.
    var json: JSONValue {
        [
            "lineage": .string(lineage.description),
            "trust_domain": .string(trustDomain),
            "feature_level": .integer(Int64(featureLevel.number)),
            "administrator": [
                "name": .string(administrator.name),
                "key_fingerprint": .string(administrator.fingerprint.hex),
            ],
            "settings": settings.json,
            "voters": .array(voters.map(\.json)),
        ]
    }
}
