import ArgumentParser
import Cedar
import Foundation
import JSON

struct LinkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Link templates by this file: a JSON array of links, as Cedar's tools keep them.",
            valueName: "file"
        ),
        completion: .file(extensions: ["json"])
    )
    var links: String?

    func read() throws -> TemplateLinks {
        guard let links else { return .none }
        return try TemplateLinks(links)
    }
}

/// What is to be linked from the templates of policy files, and where it was read.
struct TemplateLinks {
    private let links: [TemplateLink]
    /// A file, or a place in one.
    private let place: String

    /// Reads a JSON array, as the `templateLinks` of Cedar's JSON form or as `cedar authorize --template-linked` takes it.
    init(_ path: String) throws {
        let data = try InputFile.data(path, atMost: JSONLimits.policies.maxBytes)
        do {
            self.init(try PolicyJSON.parseLinks([UInt8](data)), at: path)
        } catch {
            throw CommandError("\(error)", at: path)
        }
    }

    init(_ links: [TemplateLink], at place: String) { (self.links, self.place) = (links, place) }

    /// Nothing to link.
    static let none = TemplateLinks([], at: "")

    /// Links each in the one set that has its template.
    ///
    /// - Parameter isComplete: Whether these are all sets there are: else a link whose template is in none is let be.
    /// - Returns: For each set, its own links.
    func link(in sets: inout [PolicySet], areAll isComplete: Bool = true) throws -> [[TemplateLink]] {
        var found = [[TemplateLink]](repeating: [], count: sets.count)
        for (number, link) in links.enumerated() {
            let places = sets.indices.filter { sets[$0][link.template]?.isTemplate == true }
            guard places.count <= 1 else {
                throw fault("several files have a template `\(link.template)`", number)
            }
            guard let place = places.first else {
                guard isComplete else { continue }
                throw fault("\(PolicySetError.noSuchTemplate(link.template))", number)
            }
            do {
                try sets[place].link(link)
            } catch {
                throw fault("\(error)", number)
            }
            found[place].append(link)
        }
        return found
    }

    private func fault(_ message: String, _ number: Int) -> CommandError {
        CommandError(message, at: "\(place): [\(number)]")
    }
}
