import Directory
import Foundation
import HTTPAPI
import JSON

/// What a node was told when it joined: who it is, and whom to believe about who votes.
struct IntroductionFile: Hashable, Sendable {
    let member: MemberSpec
    /// Those that voted then, and the node itself where it is a member.
    let members: [MemberSpec]

    static let maximumByteCount = 1 << 20

    init(member: MemberSpec, members: [MemberSpec]) {
        self.member = member
        self.members = members
    }

    static func load(_ path: String) throws -> IntroductionFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        do {
            return try IntroductionFile(
                JSONValue.parse(Array(data), limits: JSONLimits(maxBytes: maximumByteCount))
            )
        } catch let error as JSONError {
            throw CommandError("is not valid JSON: \(error.reason)", at: "\(path):\(error.line):\(error.column)")
        } catch let error as FieldError {
            throw CommandError(error.description, at: path)
        }
    }

    private init(_ value: JSONValue) throws(FieldError) {
        var reader = try ObjectReader(value)
        try self.init(reading: &reader)
        try reader.finish()
    }

    /// From an answer that holds more than this.
    init(reading reader: inout ObjectReader) throws(FieldError) {
        let member = try MemberSpec(reader.required("member"), at: reader.path.member("member"))
        var members: [MemberSpec] = []
        for element in try reader.array("members") { members.append(try MemberSpec(element.value, at: element.path)) }
        self.init(member: member, members: members)
    }

    var text: String {
        let value: JSONValue = ["member": member.json, "members": .array(members.map(\.json))]
        return value.prettyPrinted()
    }
}
