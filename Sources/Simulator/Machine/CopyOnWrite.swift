/// A large value behind one reference: to copy it is to count that reference, and it becomes another value only when one of
/// the copies changes.
///
/// A world asks its machines many small questions at each step, and the compiler likes to copy the whole of what is asked.
struct CopyOnWrite<Value: Sendable>: Sendable {
    // Safe: it is written only while nobody else has it.
    private final class Box: @unchecked Sendable {
        var value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    init(_ value: Value) { box = Box(value) }

    var value: Value {
        _read { yield box.value }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.value) }
            yield &box.value
        }
    }
}
