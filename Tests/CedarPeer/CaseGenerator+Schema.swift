extension CaseGenerator {
    /// Of the types and attributes that are drawn. Names that `has` alone asks for are optional.
    static let schema = """
        entity User in [Group, NS::Doc, A] = \(fields) tags Long;
        entity Group in [NS::Doc, A] = \(fields) tags String;
        entity A = \(fields);
        action all;
        action view in [all] appliesTo { principal: [User, Group], resource: [NS::Doc, A], context: \(fields) };
        action edit in [all] appliesTo { principal: [User], resource: [User, Group, A, NS::Doc], context: \(fields) };
        namespace NS {
          entity Doc in [A] = \(fields) tags Long;
          action read appliesTo { principal: [User, A], resource: Doc, context: \(fields) };
        }
        """

    private static let fields = """
        { boo: Bool, lon: Long, str: String, set: Set<Long>, rec: { lon: Long, str?: String }, ent: User, ip: ipaddr, \
        dec: decimal, dat: datetime, dur: duration, "two words"?: Long, "if"?: Bool }
        """
}
