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
            book.addCopy(record, from: sender)
        case .unknown:
            guard hasRoom(for: record) else {
                counters.recordsUnkept += 1
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

    /// What is in question may come to be held.
    private func hasRoom(for record: Record) -> Bool {
        guard book.questions.count < options.judgedLimit else { return false }
        return record.stream != nil || book.held.count + book.questions.count < options.heldLimit
    }

    mutating func judged(_ id: Digest, _ verdict: Verdict, at now: Instant) {
        guard let question = book.takeQuestion(id) else { return }
        switch verdict {
        case .counts: spread(question.record, except: question.holders, at: now)
        case .refused:
            counters.recordsRefused += 1
            askAgain(question)
        }
    }

    /// What was refused may have been a garbled copy of something that counts.
    private mutating func askAgain(_ question: RecordBook.Question) {
        var copies = question.others
        guard !copies.isEmpty else { return }
        let next = copies.removeFirst()
        book.ask(next.record, from: next.sender)
        for copy in copies { book.addCopy(copy.record, from: copy.sender) }
        out.append(.judge(next.record, from: next.sender))
    }

    mutating func publish(_ record: Record, at now: Instant) {
        _ = book.takeQuestion(record.id)
        guard book.standing(of: record) == .unknown else { return }
        // The shell keeps its own bound; what it holds is spread even where there is no room to keep it.
        guard record.stream != nil || book.held.count < options.heldLimit else {
            counters.recordsUnkept += 1
            return send(.record(record), to: openPlaces, at: now)
        }
        spread(record, except: [], at: now)
    }

    private mutating func spread(_ record: Record, except holders: [MemberID], at now: Instant) {
        guard book.keep(record) else { return }
        counters.recordsTaken += 1
        send(.record(record), to: neighbours.indices.filter { !holders.contains(neighbours[$0].id) }, at: now)
    }
}
