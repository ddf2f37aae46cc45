import Dispatch
import Foundation
import Testing

@testable import reeve

@Suite("Passphrases on a terminal", .serialized) struct TerminalTests {
    /// A terminal of which the test is the keyboard and the screen.
    private final class Keyboard: Sendable {
        let file: CInt
        let path: String
        /// Held open, so that the terminal outlives whoever asks on it.
        private let terminal: CInt

        init() throws {
            var (keyboard, screen) = (CInt(), CInt())
            guard unsafe openpty(&keyboard, &screen, nil, nil, nil) == 0, let name = unsafe ttyname(screen) else {
                throw CommandError("no terminal")
            }
            (file, terminal) = (keyboard, screen)
            path = unsafe String(cString: name)
        }

        deinit {
            close(terminal)
            close(file)
        }

        var showsWhatIsTyped: Bool {
            var attributes = termios()
            guard unsafe tcgetattr(terminal, &attributes) == 0 else { return false }
            return attributes.c_lflag & tcflag_t(ECHO) != 0
        }

        /// Types once it is asked.
        func answer(_ text: String) async throws -> (line: Result<String, any Error>, wasShown: Bool) {
            async let line = Self.ask(path)
            var screen = Data()
            while !screen.contains(UInt8(ascii: ":")) { screen += try readScreen() }
            let wasShown = showsWhatIsTyped
            try FileHandle(fileDescriptor: file, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
            return (await line, wasShown)
        }

        private func readScreen() throws -> Data {
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = unsafe read(file, &buffer, buffer.count)
            guard count > 0 else { throw CommandError("nothing on the screen") }
            return Data(buffer.prefix(count))
        }

        /// On a thread of its own, since it waits.
        private static func ask(_ path: String) async -> Result<String, any Error> {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: Result { try Terminal.line(prompt: "Word: ", at: path) })
                }
            }
        }
    }

    @Test("are not shown, and what is typed later is again") func silence() async throws {
        let keyboard = try Keyboard()
        #expect(keyboard.showsWhatIsTyped)
        let (line, wasShown) = try await keyboard.answer("tröst ing\n")
        #expect(try line.get() == "tröst ing")
        #expect(!wasShown)
        #expect(keyboard.showsWhatIsTyped)
    }

    @Test("are taken whole or refused", arguments: [(1023, true), (1024, false), (3000, false), (4095, false)])
    func length(byteCount: Int, isTaken: Bool) async throws {
        let keyboard = try Keyboard()
        let text = String(repeating: "x", count: byteCount)
        let (line, _) = try await keyboard.answer(text + "\n")
        if isTaken { #expect(try line.get() == text) } else { #expect("\(line)".contains("longer than 1023 bytes")) }
        #expect(keyboard.showsWhatIsTyped)
    }

    @Test("are asked for on a terminal alone") func noTerminal() {
        #expect(throws: CommandError.self) { try Terminal.line(prompt: "Word: ", at: "/dev/null") }
    }
}
