package import Directory

/// Bytes of a signed statement, as a node keeps it and as its revoker sends it.
package enum StatementCodec {
    package static func encode(_ signed: SignedStatement) -> [UInt8] { serialise(ProtoSignedStatement(signed)) }

    package static func decode(_ bytes: [UInt8]) throws(WireError) -> SignedStatement {
        try parse(bytes, as: ProtoSignedStatement.self).value()
    }
}
