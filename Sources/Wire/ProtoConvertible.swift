/// A message of a schema that stands for one of our values.
protocol ProtoConvertible {
    associatedtype Value
    init(_ value: Value)
    /// Throws for what no value encodes to.
    func value() throws(WireError) -> Value
}

/// What a list of messages stands for.
func values<Proto: ProtoConvertible>(_ protos: [Proto]) throws(WireError) -> [Proto.Value] {
    var values: [Proto.Value] = []
    values.reserveCapacity(protos.count)
    for proto in protos { values.append(try proto.value()) }
    return values
}

func values<Proto: ProtoConvertible>(
    _ protos: [Proto],
    upTo limit: Int,
    _ field: String
) throws(WireError) -> [Proto.Value] {
    guard protos.count <= limit else { throw .invalid(field, reason: "there are \(protos.count), more than \(limit)") }
    return try values(protos)
}
