/// Elements that stay where they are, unchanged, for as long as the buffer is there.
///
/// A decision reads thousands of fields and constants that somebody holds all the while. To go through arrays would be to
/// count a reference to each on the way to an element, and each thread that decides would do so.
@safe struct FixedBuffer<Element>: ~Copyable {
    /// Good for as long as the buffer is held.
    let base: UnsafePointer<Element>
    let count: Int

    init(_ elements: some Collection<Element>) {
        count = elements.count
        let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
        _ = unsafe memory.initialize(fromContentsOf: elements)
        // An allocated buffer has an address, also where it is empty.
        unsafe base = UnsafePointer(memory.baseAddress.unsafelyUnwrapped)
    }

    deinit {
        let memory = unsafe UnsafeMutablePointer(mutating: base)
        unsafe memory.deinitialize(count: count)
        unsafe memory.deallocate()
    }

    subscript(place: Int) -> Element {
        precondition(place >= 0 && place < count)
        return unsafe base[place]
    }
}

// Safe: nothing is written between the initializer and `deinit`, and elements may be read from any thread.
extension FixedBuffer: @unchecked Sendable where Element: Sendable {}

extension FixedBuffer where Element: Hashable {
    func hasSameElements(as other: borrowing FixedBuffer) -> Bool {
        unsafe UnsafeBufferPointer(start: base, count: count)
            .elementsEqual(UnsafeBufferPointer(start: other.base, count: other.count))
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for place in 0..<count { hasher.combine(self[place]) }
    }
}
