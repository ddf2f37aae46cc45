import Kernel

extension GossipNode {
    mutating func receive(_ record: Record, from place: Int, at now: Instant) {
        let sender = neighbours[place].id
        guard isWellFormed(record) else {
            counters.malformed += 1
            return
        }
        switch book.standing(of: record) {
        case .known: counters.recordsRepeated += 1
        case .inQuestion:
            counters.recordsRepeated += 1
            book.addHolder(sender, of: record.id)
        case .unknown:
            // Of each neighbour, so that one cannot take the place of what others bring.
            guard book.questionCount(from: sender) < options.judgedLimit else {
                counters.recordsUnjudged += 1
                return
            }
            book.ask(record, from: sender)
            out.append(.judge(record, from: sender))
        }
    }

    private func isWellFormed(_ record: Record) -> Bool {
        guard record.bytes.count <= options.recordByteLimit else { return false }
        return record.stream.map { book.streams.contains($0.member) } ?? true
    }

    mutating func judged(_ id: Digest, _ verdict: Verdict, at now: Instant) {
        guard let question = book.takeQuestion(id) else { return }
        switch verdict {
        case .counts: spread(question.record, except: question.holders, at: now)
        case .passedOver: counters.recordsPassedOver += 1
        case .refused:
            counters.recordsRefused += 1
            // To judge costs more than to receive.
            for place in question.holders.compactMap(place) {
                neighbours[place].incoming.charge(options.refusalCost, of: options.incoming, at: now)
            }
        }
    }

    mutating func publish(_ record: Record, at now: Instant) {
        // Nobody would take it.
        guard isWellFormed(record) else {
            counters.notSent += 1
            return
        }
        _ = book.takeQuestion(record.id)
        spread(record, except: [], at: now)
    }

    private mutating func spread(_ record: Record, except holders: [MemberID], at now: Instant) {
        guard book.keep(record) else { return }
        counters.recordsTaken += 1
        if record.stream == nil, book.heldRecord(record.id) == nil { counters.recordsUnkept += 1 }
        send(.record(record), to: neighbours.indices.filter { !holders.contains(neighbours[$0].id) }, at: now)
    }
}
