/// The calls and returns of operations that are not ordered yet, by time. Taking an operation out and putting it back
/// costs the same however long the history is: Lowe, section 3.1, after Wing and Gong.
struct EventList: Sendable {
    private struct Event: Sendable {
        let operation: Int
        let isReturn: Bool
        /// Place of the other end of the operation.
        var partner: Int
        var next: Int
        var previous: Int
    }

    /// The list begins after this place and ends before it.
    private static let root = 0

    private var events: [Event]

    /// - Parameter ends: Operations in order of time, each once for its call and once more for its return.
    init(_ ends: [Int]) {
        events = [Event(operation: -1, isReturn: false, partner: 0, next: 0, previous: 0)]
        var calls: [Int: Int] = [:]
        for (place, operation) in zip(1..., ends) {
            let call = calls.updateValue(place, forKey: operation)
            events.append(
                Event(operation: operation, isReturn: call != nil, partner: call ?? 0, next: 0, previous: place - 1)
            )
            events[place - 1].next = place
            if let call { events[call].partner = place }
        }
        events[Self.root].previous = events.count - 1
    }

    var isEmpty: Bool { first == Self.root }

    var first: Int { events[Self.root].next }
    func place(after place: Int) -> Int { events[place].next }
    func operation(at place: Int) -> Int { events[place].operation }
    func isCall(at place: Int) -> Bool { place != Self.root && !events[place].isReturn }

    /// The return that comes first. The list must not be empty.
    var firstReturn: Int {
        var place = first
        while isCall(at: place) { place = events[place].next }
        return place
    }

    /// Takes out the call at a place and its return.
    mutating func lift(_ call: Int) {
        unlink(call)
        unlink(events[call].partner)
    }

    /// Puts back what was taken out last.
    mutating func unlift(_ call: Int) {
        link(events[call].partner)
        link(call)
    }

    private mutating func unlink(_ place: Int) {
        let event = events[place]
        events[event.previous].next = event.next
        events[event.next].previous = event.previous
    }

    private mutating func link(_ place: Int) {
        let event = events[place]
        events[event.previous].next = place
        events[event.next].previous = place
    }
}
