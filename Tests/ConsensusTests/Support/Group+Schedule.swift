import Consensus
import Kernel

extension Group {
    /// Everything that can happen without time passing happens, in order.
    mutating func settle(except isCut: (Message) -> Bool = { _ in false }) {
        for _ in 0..<20_000 {
            if let place = members.indices.first(where: { !members[$0].writes.isEmpty && !hung.contains($0) }) {
                sync(place)
            } else if let place = members.indices.first(where: { canApply($0) }) {
                apply(place)
            } else if let place = members.indices.first(where: { !members[$0].work.isEmpty }) {
                work(place)
            } else if !mail.isEmpty {
                if isCut(mail[0]) { mail.removeFirst() } else { deliver(0) }
            } else {
                return
            }
        }
        checker.violations.append("never settles")
    }

    private func canApply(_ place: Int) -> Bool { !members[place].applying.isEmpty && !stalled.contains(place) }

    /// Lets time pass, waking whoever is due.
    mutating func pass(_ span: Span, except isCut: (Message) -> Bool = { _ in false }) {
        let end = now.advanced(by: span)
        while let due = members.compactMap(\.raft.nextWake).min(), due <= end {
            now = max(now, due)
            for place in members.indices where isDue(place) {
                step(place, .wake)
                if isDue(place) { return checker.violations.append("\(ids[place]) is due again at once") }
            }
            settle(except: isCut)
        }
        now = end
    }

    func isDue(_ place: Int) -> Bool { members[place].raft.nextWake.map { $0 <= now } == true }

    /// Makes a member the leader, as an operator would.
    mutating func elect(_ place: Int = 0) {
        for _ in 0..<20 where members[place].raft.role != .leader {
            pass(.milliseconds(200))
            if let other = leader(), other != place {
                step(other, .transferLeadership(to: ids[place]))
                settle()
            }
        }
        pass(.milliseconds(200))
    }

    func isCut(_ isolated: Set<Int>) -> (Message) -> Bool {
        let cut = Set(isolated.map { ids[$0] })
        return { cut.contains($0.from) != cut.contains($0.to) }
    }

    /// The leader of the highest term, if any.
    func leader() -> Int? {
        members.indices.filter { members[$0].raft.role == .leader }.max {
            members[$0].raft.term < members[$1].raft.term
        }
    }

    func commands(at place: Int) -> [String] {
        members[place].state.compactMap { entry in
            if case .command(let bytes) = entry.payload { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }
}
