/// Where code keeps the values that it works out. They stay in their places until there have to be more of them, which is
/// between two policies.
@safe struct Registers: ~Copyable {
    private var base: UnsafeMutablePointer<Value>
    private var count: Int

    init() {
        count = 0
        unsafe base = UnsafeMutablePointer<Value>.allocate(capacity: 0)
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// What is there loses its values, where they have to move.
    @inline(__always) mutating func reserve(_ wanted: Int) { if wanted > count { grow(to: wanted) } }

    @inline(never) private mutating func grow(to wanted: Int) {
        let more = UnsafeMutablePointer<Value>.allocate(capacity: wanted)
        unsafe more.initialize(repeating: .bool(false), count: wanted)
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
        unsafe base = more
        count = wanted
    }

    func place(_ register: Int) -> ValuePlace { unsafe ValuePlace(base + register) }

    mutating func set(_ register: Int, to value: Value) { unsafe base[register] = value }
}
