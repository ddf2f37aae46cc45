import Cedar
import JSON

/// A schema as text or in its JSON form. What is read is written in both and read again, and a few policies are validated in it.
func fuzzSchema(_ bytes: [UInt8]) {
    guard let schema = read(bytes) else { return }
    // One that needs a name which its namespace hides has no text.
    if let text = try? schema.text() {
        check((try? Schema.parse(text)) == schema, "another schema as text: \(text)")
    }
    if let json = try? schema.json() {
        check((try? Schema.parseJSON(json.serialized())) == schema, "another schema as JSON: \(json)")
    }
    check(read(bytes) == schema, "two schemas of one text")
    _ = Validator(schema, limits: ValidationLimits(maxSteps: 2000)).validate(policies)
}

private func read(_ bytes: [UInt8]) -> Schema? {
    if bytes.isJSON { return try? Schema.parseJSON(bytes) }
    return String(validating: bytes, as: UTF8.self).flatMap { try? Schema.parse($0) }
}

private let policies: PolicySet = {
    let text = """
        permit(principal is U in G::"g", action in [Action::"v", N::Action::"w"], resource)
        when { principal.n == 1 && resource has o && principal.hasTag("s") };
        forbid(principal, action, resource is N::D) unless { context.r.n in [principal, C::"x"] };
        """
    do { return try PolicySet.parse(text) } catch { fatalError("\(error)") }
}()
