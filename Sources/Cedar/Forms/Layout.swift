/// A text with places where lines may break: Wadler, "A prettier printer" (2003).
///
/// A group stands on one line where it fits, and else breaks at each of its own places. Comments end their line, so they
/// break every group that they are in.
struct Layout: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case comment(Comment)
        /// A line end in a broken group, else this text.
        case line(flat: String)
        /// A line end, and an empty line where asked for.
        case newLine(isDouble: Bool)
        case group(Layout)
        case indented(Layout)
        case sequence([Layout])
    }

    let kind: Kind
    /// Whether it cannot stand on one line.
    let isBroken: Bool

    private init(_ kind: Kind, isBroken: Bool) {
        self.kind = kind
        self.isBroken = isBroken
    }

    static let line = Layout(.line(flat: " "), isBroken: false)
    static let softLine = Layout(.line(flat: ""), isBroken: false)
    static let newLine = Layout(.newLine(isDouble: false), isBroken: true)
    static let emptyLine = Layout(.newLine(isDouble: true), isBroken: true)
    static func text(_ text: String) -> Layout { Layout(.text(text), isBroken: false) }
    static func comment(_ comment: Comment) -> Layout { Layout(.comment(comment), isBroken: true) }
    static func group(_ parts: [Layout]) -> Layout { .sequence(parts).wrapped { .group($0) } }
    static func indented(_ parts: [Layout]) -> Layout { .sequence(parts).wrapped { .indented($0) } }

    static func sequence(_ parts: [Layout]) -> Layout {
        Layout(.sequence(parts), isBroken: parts.contains(where: \.isBroken))
    }

    private func wrapped(_ wrap: (Layout) -> Kind) -> Layout { Layout(wrap(self), isBroken: isBroken) }
}

/// `// …`, without the end of its line and without the spaces before that.
struct Comment: Sendable {
    let text: String
    /// Whether code stands before it on its line.
    let isTrailing: Bool
    let followsEmptyLine: Bool
}

/// Lays out with a stack of its own, so that the depth of a layout costs no machine stack.
struct LayoutRenderer {
    let options: FormatOptions
    private(set) var text = ""
    private var column = 0
    private var pending = Pending.nothing
    /// Whether the last thing written is a comment, which nothing may follow on its line.
    private var endsInComment = false

    /// What comes before the next text. Deferred, so that no line ends in a space.
    private enum Pending {
        case nothing
        case space
        case lineEnd(indentation: Int, isDouble: Bool)
    }

    fileprivate struct Entry {
        let layout: Layout
        let indentation: Int
        let isFlat: Bool
    }

    init(options: FormatOptions) { self.options = options }

    mutating func append(_ layout: Layout) {
        var stack = [Entry(layout: layout, indentation: 0, isFlat: false)]
        while let entry = stack.popLast() {
            switch entry.layout.kind {
            case .text(let text): write(text)
            case .comment(let comment): write(comment, indentation: entry.indentation)
            case .line(let flat) where entry.isFlat: write(flat)
            case .line: breakLine(entry.indentation, isDouble: false)
            case .newLine(let isDouble): breakLine(entry.indentation, isDouble: isDouble)
            case .indented(let inner):
                let indentation = entry.indentation + options.indentation
                stack.append(Entry(layout: inner, indentation: indentation, isFlat: entry.isFlat))
            case .group(let inner):
                let flat = Entry(layout: inner, indentation: entry.indentation, isFlat: true)
                let isFlat = entry.isFlat || !inner.isBroken && fits(flat, before: stack)
                stack.append(Entry(layout: inner, indentation: entry.indentation, isFlat: isFlat))
            case .sequence(let parts): stack.append(contentsOf: entry.parts(parts))
            }
        }
    }

    /// Ends the last line.
    mutating func finish() -> String { text.isEmpty ? "" : text + "\n" }

    /// Whether it and what follows it up to the next possible line end stay within the width.
    private func fits(_ entry: Entry, before rest: [Entry]) -> Bool {
        var room = options.lineWidth - nextColumn
        var stack = [entry]
        var following = rest.count
        while room >= 0 {
            if stack.isEmpty {
                guard following > 0 else { return true }
                following -= 1
                stack.append(rest[following])
            }
            let entry = stack.removeLast()
            switch entry.layout.kind {
            case .text(let text):
                room -= text.prefix { $0 != "\n" }.unicodeScalars.count
                if text.utf8.contains(UInt8(ascii: "\n")) { return room >= 0 }
            case .line(let flat) where entry.isFlat: room -= flat.utf8.count
            case .line, .newLine, .comment: return true
            case .indented(let inner), .group(let inner):
                stack.append(Entry(layout: inner, indentation: 0, isFlat: entry.isFlat))
            case .sequence(let parts): stack.append(contentsOf: entry.parts(parts))
            }
        }
        return false
    }

    private var nextColumn: Int {
        switch pending {
        case .nothing: column
        case .space: column + 1
        case .lineEnd(let indentation, _): indentation
        }
    }

    private mutating func breakLine(_ indentation: Int, isDouble: Bool) {
        var isDouble = isDouble
        if case .lineEnd(_, true) = pending { isDouble = true }
        pending = .lineEnd(indentation: indentation, isDouble: isDouble)
    }

    private mutating func write(_ piece: String) {
        if piece == " " {
            if case .nothing = pending { pending = .space }
        } else if !piece.isEmpty {
            startText()
            text += piece
            if let end = piece.lastIndex(of: "\n") {
                column = piece[piece.index(after: end)...].unicodeScalars.count
            } else {
                column += piece.unicodeScalars.count
            }
            endsInComment = false
        }
    }

    /// A trailing comment stays on the line that is being written, even where a line end is due.
    private mutating func write(_ comment: Comment, indentation: Int) {
        if comment.isTrailing, !endsInComment, !text.isEmpty {
            text += " " + comment.text
        } else {
            if !isLineEndDue { breakLine(indentation, isDouble: false) }
            if comment.followsEmptyLine { breakLine(nextColumn, isDouble: true) }
            startText()
            text += comment.text
        }
        endsInComment = true
        if !isLineEndDue { breakLine(indentation, isDouble: false) }
    }

    private var isLineEndDue: Bool { if case .lineEnd = pending { true } else { false } }

    private mutating func startText() {
        defer { pending = .nothing }
        guard !text.isEmpty else { return }
        switch pending {
        case .nothing: return
        case .space:
            text += " "
            column += 1
        case .lineEnd(let indentation, let isDouble):
            text += (isDouble ? "\n\n" : "\n") + String(repeating: " ", count: indentation)
            column = indentation
        }
    }
}

extension LayoutRenderer.Entry {
    /// The parts, the first of them last.
    fileprivate func parts(_ parts: [Layout]) -> [LayoutRenderer.Entry] {
        parts.reversed().map { LayoutRenderer.Entry(layout: $0, indentation: indentation, isFlat: isFlat) }
    }
}
