import ArgumentParser
import Foundation
import Keys

/// Where the passphrase of an encrypted key comes from: a file, an environment variable, or the terminal.
struct PassphraseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("File whose first line is the passphrase of the key.", valueName: "file"))
    var passphraseFile: String?

    @Option(help: ArgumentHelp("Name of an environment variable that holds the passphrase.", valueName: "name"))
    var passphraseEnv: String?

    func validate() throws {
        guard passphraseFile == nil || passphraseEnv == nil else {
            throw ValidationError("Give --passphrase-file or --passphrase-env, not both.")
        }
    }

    /// Asks on the terminal when neither option is given.
    func read(prompt: String) throws -> Passphrase {
        if let given = try given() { return given }
        return try Terminal.passphrase(prompt: prompt)
    }

    /// For a new key: typed twice, unless an option gives it.
    func readNew(prompt: String) throws -> Passphrase { try Self.new(given(), prompt: prompt) }

    /// Likewise, where another option gives it.
    static func new(_ given: Passphrase?, prompt: String) throws -> Passphrase {
        if let given {
            guard !given.isEmpty else { throw CommandError("the passphrase is empty") }
            if given.isShort {
                Console.progress("warning: the passphrase has fewer than \(Passphrase.advisedByteCount) characters")
            }
            return given
        }
        let first = try Terminal.line(prompt: prompt)
        guard first.count >= minimumLength else {
            throw CommandError("the passphrase must have at least \(minimumLength) characters")
        }
        guard try Terminal.line(prompt: "Again: ") == first else { throw CommandError("the two passphrases differ") }
        return Passphrase(first)
    }

    private static let minimumLength = 8

    private func given() throws -> Passphrase? {
        if let passphraseFile { return try Self.load(passphraseFile) }
        guard let passphraseEnv else { return nil }
        guard let text = ProcessInfo.processInfo.environment[passphraseEnv] else {
            throw CommandError("is not set", at: "environment variable \(passphraseEnv)")
        }
        return Passphrase(text)
    }

    static func load(_ path: String) throws -> Passphrase {
        Passphrase(String(decoding: try KeyFiles.read(path, limit: 4096), as: UTF8.self))
    }
}
