/// A rare event worth a log line, as a value: the message is constant, what varies is in the fields.
package struct Note: Hashable, Sendable {
    package enum Level: Hashable, Sendable { case debug, info, warning, error }

    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package let level: Level
    package let message: String
    package let fields: [Field]

    package init(_ level: Level, _ message: String, _ fields: Field...) { self.init(level, message, fields) }

    package init(_ level: Level, _ message: String, _ fields: [Field]) {
        self.level = level
        self.message = message
        self.fields = fields
    }
}
