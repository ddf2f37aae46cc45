internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminResponse {
    /// - Parameter tag: Revision of the object's last change, which becomes the entity tag.
    static func json(_ value: JSONValue, status: Int = 200, tag: LogIndex? = nil) -> AdminResponse {
        let headers = tag.map { [Header(name: "ETag", value: "\"\($0.number)\"")] } ?? []
        return AdminResponse(status: status, mediaType: "application/json", headers: headers, body: value.serialized())
    }

    static func problem(_ problem: ProblemDetails, headers: [Header] = []) -> AdminResponse {
        var body: [UInt8] = []
        problem.append(to: &body)
        return AdminResponse(
            status: problem.status,
            mediaType: "\(ProblemDetails.mediaType)",
            headers: headers,
            body: body
        )
    }

    /// What every write says: at which revision it can be read, when the object last changed, and what it made.
    static func receipt(_ receipt: WriteReceipt, status: Int = 200, adding members: [JSONMember] = []) -> AdminResponse
    {
        let standard = [
            JSONMember(name: "revision", value: receipt.revision.json),
            JSONMember(name: "object_revision", value: receipt.objectRevision.json),
            JSONMember(name: "idempotency_key", value: .string(receipt.idempotencyKey)),
        ]
        return json(.object(standard + members), status: status, tag: receipt.objectRevision)
    }
}

extension LogIndex {
    var json: JSONValue { .integer(Int64(clamping: number)) }
}

extension UInt64 {
    var json: JSONValue { .integer(Int64(clamping: self)) }
}
