internal import HeapModule
package import Kernel

/// What happens next, by time and then in the order of scheduling, so that a run never depends on how a heap breaks ties.
package struct EventQueue<Event: Sendable>: Sendable {
    private struct Scheduled: Comparable, Sendable {
        let time: Instant
        /// 0 for what comes before all else of its time.
        let rank: UInt8
        let sequence: UInt64
        let slot: Int

        static func < (lhs: Self, rhs: Self) -> Bool {
            guard lhs.time == rhs.time else { return lhs.time < rhs.time }
            return lhs.rank == rhs.rank ? lhs.sequence < rhs.sequence : lhs.rank < rhs.rank
        }
    }

    /// Events stay where they are while the heap moves small keys about.
    private var slots: [Event?] = []
    private var freeSlots: [Int] = []
    private var heap = Heap<Scheduled>()
    private var nextSequence: UInt64 = 0

    package init() {}

    package var count: Int { heap.count }
    package var nextTime: Instant? { heap.min?.time }

    /// - Parameter isFirst: Before what else is due at that time.
    package mutating func schedule(_ event: Event, at time: Instant, isFirst: Bool = false) {
        let slot: Int
        if let free = freeSlots.popLast() {
            slots[free] = event
            slot = free
        } else {
            slots.append(event)
            slot = slots.count - 1
        }
        heap.insert(Scheduled(time: time, rank: isFirst ? 0 : 1, sequence: nextSequence, slot: slot))
        nextSequence += 1
    }

    package mutating func pop() -> (time: Instant, event: Event)? {
        guard let scheduled = heap.popMin(), let event = slots[scheduled.slot].take() else { return nil }
        freeSlots.append(scheduled.slot)
        return (scheduled.time, event)
    }
}
