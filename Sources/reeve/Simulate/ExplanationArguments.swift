import ArgumentParser

/// What becomes of a bundle when it is made.
struct ExplanationArguments: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: """
            Leave out of the run of the first bundle what it does not need to fail, and write its picture. Those of later \
            seeds are left to 'reeve sim minimise' and 'reeve sim report'.
            """
    )
    var minimise = true

    @Option(help: ArgumentHelp("How long that may take, besides three more runs.", valueName: "seconds"))
    var minimiseSeconds = 30.0

    func validate() throws {
        guard minimiseSeconds > 0 else { throw ValidationError("--minimise-seconds must be more than 0.") }
    }

    /// - Returns: For people: what the failure takes, and what to do next.
    func explain(_ folder: BundleFolder, isFirst: Bool = true) throws -> String {
        guard minimise, isFirst else { return folder.hint(isExplained: false) }
        return try folder.explain(seconds: minimiseSeconds) + "\n" + folder.hint(isExplained: true)
    }
}
