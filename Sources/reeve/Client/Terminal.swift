import Dispatch
import Glibc
import Keys

/// The terminal of whoever runs the command, also when input and output are redirected.
enum Terminal {
    static func passphrase(prompt: String) throws -> Passphrase { Passphrase(try line(prompt: prompt)) }

    /// One line, not shown while it is typed.
    static func line(prompt: String, at path: String = "/dev/tty") throws -> String {
        let file = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else {
            throw CommandError(
                "a passphrase is needed and there is no terminal to ask on",
                advice: "give --passphrase-file FILE or --passphrase-env NAME"
            )
        }
        defer { close(file) }
        let silence = try TerminalSilence(file)
        defer { silence.end() }
        write(prompt, to: file)
        return try readLine(from: file)
    }

    /// A terminal hands over a line in one piece, and drops what goes past 4,095 bytes (termios(3)), so that a longer one could
    /// not be told from its beginning.
    static let maximumByteCount = 1023

    private static func readLine(from file: CInt) throws -> String {
        var buffer = [UInt8](repeating: 0, count: maximumByteCount + 1)
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw CommandError("no passphrase was given") }
            line += buffer.prefix(count)
            guard line.count <= maximumByteCount + 1 else {
                throw CommandError(
                    "the passphrase is longer than \(maximumByteCount) bytes",
                    advice: "give it with --passphrase-file FILE"
                )
            }
        }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    fileprivate static func write(_ text: String, to file: CInt) {
        var text = text
        _ = text.withUTF8 { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
    }
}

/// Keeps a terminal from showing what is typed until `end`, and puts it back also where a signal ends the process before:
/// whoever pressed Ctrl-C would not see what he types from then on.
///
/// Signals are taken by Dispatch, since a mask would be one thread's alone, and another would be ended by them.
private struct TerminalSilence {
    private let file: CInt
    private let original: termios
    private let taken: [Taken]

    private struct Taken {
        let number: CInt
        let disposition: sighandler_t?
        /// Nil where it does nothing.
        let source: (any DispatchSourceSignal)?
    }

    init(_ file: CInt) throws {
        var original = termios()
        guard unsafe tcgetattr(file, &original) == 0 else {
            throw CommandError("the terminal cannot be kept from showing the passphrase")
        }
        self.file = file
        self.original = original
        let restored = original
        // To be stopped would leave the terminal to others as it is, so that waits until the line is read.
        taken = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP].map { number in
            let disposition = signal(number, SIG_IGN)
            guard number != SIGTSTP, Self.address(of: disposition) != Self.address(of: SIG_IGN) else {
                return Taken(number: number, disposition: disposition, source: nil)
            }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                Self.set(restored, of: file)
                signal(number, disposition)
                kill(getpid(), number)
            }
            source.activate()
            return Taken(number: number, disposition: disposition, source: source)
        }
        var silent = original
        silent.c_lflag &= ~tcflag_t(ECHO)
        Self.set(silent, of: file)
    }

    func end() {
        Self.set(original, of: file)
        Terminal.write("\n", to: file)
        for one in taken {
            one.source?.cancel()
            signal(one.number, one.disposition)
        }
    }

    /// By which dispositions are told apart; they cannot be compared themselves.
    private static func address(of disposition: sighandler_t?) -> Int {
        unsafe unsafeBitCast(disposition, to: Int.self)
    }

    /// What was typed and not read yet is dropped.
    private static func set(_ attributes: termios, of file: CInt) {
        var attributes = attributes
        _ = unsafe tcsetattr(file, TCSAFLUSH, &attributes)
    }
}
