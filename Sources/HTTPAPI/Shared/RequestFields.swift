package import NIOHTTP1

/// The fields of a request's header that the data plane looks at, found in one pass.
package struct RequestFields: Sendable {
    package private(set) var authorization: String?
    package private(set) var contentType: String?
    package private(set) var contentLength: String?
    package private(set) var requestID = ""
    package private(set) var expectsContinue = false
    package private(set) var asksForUpgrade = false
    /// Whether a field on which an answer depends is given twice, so that its meaning is open.
    package private(set) var isAmbiguous = false

    package init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            switch name.utf8.count {
            case 6 where Self.equal(name, "expect"): expectsContinue = Self.equal(value, "100-continue")
            case 7 where Self.equal(name, "upgrade"): asksForUpgrade = true
            case 12 where Self.equal(name, "content-type"): Self.set(&contentType, value, &isAmbiguous)
            case 12 where Self.equal(name, "x-request-id"): requestID = RequestIDText.sanitized(value)
            case 13 where Self.equal(name, "authorization"): Self.set(&authorization, value, &isAmbiguous)
            case 14 where Self.equal(name, "content-length"): Self.set(&contentLength, value, &isAmbiguous)
            default: break
            }
        }
    }

    /// Whether the content type is `application/json`, with whatever parameters.
    package var isJSON: Bool {
        guard let contentType else { return false }
        if contentType == "application/json" { return true }
        let mediaType = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }
        return Self.equal(
            String(decoding: mediaType.filter { $0 != UInt8(ascii: " ") }, as: UTF8.self),
            "application/json"
        )
    }

    /// What follows `Bearer`, however that is written (RFC 6750 section 2.1, RFC 9110 section 11.1); nil where there is
    /// no `Authorization` of that kind.
    package var bearerToken: String? {
        guard let authorization, let space = authorization.utf8.firstIndex(of: UInt8(ascii: " ")),
            Self.equal(String(authorization[..<space]), "bearer")
        else { return nil }
        return String(decoding: authorization.utf8[space...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
    }

    private static func set(_ field: inout String?, _ value: String, _ isAmbiguous: inout Bool) {
        if field != nil { isAmbiguous = true }
        field = value
    }

    /// Whether the text, with its ASCII capitals made small, is the name given.
    private static func equal(_ text: String, _ name: String) -> Bool {
        text.utf8.elementsEqual(name.utf8) {
            ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0) == $1
        }
    }
}
