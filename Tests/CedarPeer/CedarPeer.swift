import Cedar
import JSON

/// Our side of the comparison with another implementation of Cedar (`Tests/peers/cedar`).
///
///     CedarPeer generate SEED COUNT    a case a line, the same for the same seed
///     CedarPeer answer                 for each case on standard input, our answer on standard output
///
/// Cases and answers are JSON, one a line.
@main
enum CedarPeer {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "generate":
            guard arguments.count == 3, let seed = UInt64(arguments[2]), let count = Int(arguments[3]) else { break }
            for number in 0..<UInt64(max(0, count)) {
                var generator = CaseGenerator(seed: seed &+ number)
                print(generator.next())
            }
            return
        case "answer" where arguments.count == 1:
            while let line = readLine(strippingNewline: true) { print(answer(to: line)) }
            return
        default: break
        }
        print("usage: CedarPeer generate SEED COUNT | answer")
    }

    private static func answer(to line: String) -> JSONValue {
        do {
            let document = try JSONValue.parse(Array(line.utf8), limits: .policies)
            if let text = document["text"]?.stringValue { return Answer.parse(text) }
            if let text = document["schema text"]?.stringValue { return Answer.parseSchema(text) }
            return try Answer.decide(document)
        } catch {
            return ["broken": .string("\(error)")]
        }
    }
}
