import Cedar
import Testing

@Suite("Cedar validation, shown in the text")
struct ValidationDiagnosticTests {
    @Test("errors and warnings point at what they are about")
    func excerpts() throws {
        let schema = """
            entity User { name?: String };
            entity Doc;
            action view appliesTo { principal: User, resource: Doc };
            """
        let text =
            "permit(principal, action, resource) when { principal.name == \"x\" };\npermit(principal is Doc, action, resource);"
        let report = Validator(try Schema.parse(schema)).validate(try PolicySet.parse(text))
        let error = try #require(report.errorDiagnostics(in: text).first)
        #expect("\(error.position)" == "1:44")
        #expect(error.length == "principal.name".count)
        #expect(error.excerpt(file: "p").hasPrefix("error: \(report.errors[0].reason)\n --> p:1:44\n"))
        let warning = try #require(report.warningDiagnostics(in: text).first)
        #expect("\(warning.position)" == "2:1")
        #expect(warning.excerpt(as: "warning").hasPrefix("warning: "))
    }
}
