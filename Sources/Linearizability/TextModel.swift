/// The value of one key in a store of texts: got, put, and appended to. Empty at first.
package struct TextModel: SequentialModel {
    package enum Call: Hashable, Sendable {
        case get
        case put(String)
        case append(String)
    }

    package enum Answer: Hashable, Sendable {
        case text(String)
        case done
    }

    package let initial = ""

    package init() {}

    package func apply(_ call: Call, to state: String) -> (state: String, answer: Answer) {
        switch call {
        case .get: (state, .text(state))
        case .put(let text): (text, .done)
        case .append(let text): (state + text, .done)
        }
    }

    package func forgets(_ call: Call) -> Bool { if case .put = call { true } else { false } }
}
