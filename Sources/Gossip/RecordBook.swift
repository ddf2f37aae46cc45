import Kernel

/// The records that a node keeps, has in question, or remembers.
struct RecordBook: Sendable {
    /// Records that the shell judges.
    struct Question: Sendable {
        let record: Record
        /// Whom the shell was told it came from.
        let sender: MemberID
        /// Other bytes under the same id that came meanwhile: the first may be a garbled copy of a good one.
        var others: [(record: Record, sender: MemberID)] = []
        /// Who has sent a copy, and so need not be sent one.
        var holders: [MemberID] = []
    }

    enum Standing: Hashable, Sendable { case unknown, inQuestion, known }

    /// Kept until settled, in order of their ids.
    private(set) var held: [Record] = []
    /// The newest of each stream, in order of the streams.
    private(set) var newest: [Record] = []
    private(set) var questions: [Question] = []
    private var settled: RecentIDs
    /// Streams that count, in order.
    private(set) var streams: [MemberID] = []
    private var cachedDigest: Digest?

    /// Garbled copies that are kept of one record, so that a neighbour cannot fill the memory with them.
    static let othersLimit = 4

    init(settledLimit: Int) { settled = RecentIDs(limit: settledLimit) }

    mutating func setStreams(_ members: [MemberID]) {
        streams = Array(members.sorted().prefix(Message.streamsLimit))
        newest.removeAll { record in record.stream.map { !streams.contains($0.member) } ?? true }
    }

    func standing(of record: Record) -> Standing {
        if questions.contains(where: { $0.record.id == record.id }) { return .inQuestion }
        if settled.contains(record.id) { return .known }
        guard let stream = record.stream else { return heldRecord(record.id) == nil ? .unknown : .known }
        guard let known = newestRecord(of: stream.member)?.stream else { return .unknown }
        return known.sequence >= stream.sequence ? .known : .unknown
    }

    mutating func ask(_ record: Record, from sender: MemberID) {
        questions.append(Question(record: record, sender: sender, holders: [sender]))
    }

    /// Another copy of what is in question.
    mutating func addCopy(_ record: Record, from sender: MemberID) {
        guard let place = questions.firstIndex(where: { $0.record.id == record.id }) else { return }
        if questions[place].record == record {
            if !questions[place].holders.contains(sender) { questions[place].holders.append(sender) }
        } else if questions[place].others.count < Self.othersLimit,
            !questions[place].others.contains(where: { $0.record == record || $0.sender == sender })
        {
            questions[place].others.append((record, sender))
        }
    }

    mutating func takeQuestion(_ id: Digest) -> Question? {
        questions.firstIndex { $0.record.id == id }.map { questions.remove(at: $0) }
    }

    /// Whether it was news.
    mutating func keep(_ record: Record) -> Bool {
        guard let stream = record.stream else { return hold(record) }
        let place = newest.partitioningIndex { ($0.stream?.member).map { $0 >= stream.member } ?? true }
        guard place < newest.count, newest[place].stream?.member == stream.member else {
            newest.insert(record, at: place)
            return true
        }
        guard let known = newest[place].stream, known.sequence < stream.sequence else { return false }
        newest[place] = record
        return true
    }

    private mutating func hold(_ record: Record) -> Bool {
        let place = heldPlace(of: record.id)
        // It may have been settled while it was in question.
        guard !settled.contains(record.id), place == held.count || held[place].id != record.id else { return false }
        held.insert(record, at: place)
        cachedDigest = nil
        return true
    }

    mutating func settle(_ id: Digest) {
        let place = heldPlace(of: id)
        if place < held.count, held[place].id == id {
            held.remove(at: place)
            cachedDigest = nil
        }
        settled.insert(id)
    }

    func heldRecord(_ id: Digest) -> Record? {
        let place = heldPlace(of: id)
        return place < held.count && held[place].id == id ? held[place] : nil
    }

    func newestRecord(of stream: MemberID) -> Record? { newest.first { $0.stream?.member == stream } }

    var heldIDs: [Digest] { held.map(\.id) }

    func isUnknown(_ id: Digest) -> Bool {
        !settled.contains(id) && heldRecord(id) == nil && !questions.contains { $0.record.id == id }
    }

    /// Over the sorted ids of what is kept until settled.
    mutating func digest() -> Digest {
        if let cachedDigest { return cachedDigest }
        var hasher = DigestHasher()
        for record in held { hasher.update(record.id) }
        let digest = hasher.finalize()
        cachedDigest = digest
        return digest
    }

    private func heldPlace(of id: Digest) -> Int { held.partitioningIndex { $0.id >= id } }
}

extension Record {
    /// Nil for one that is not of a stream.
    var stream: (member: MemberID, sequence: UInt64)? {
        switch lifetime {
        case .untilSettled: nil
        case .untilSuperseded(let stream, let sequence): (stream, sequence)
        }
    }
}

extension Array {
    /// Of an array in which those that do not belong come first: the place of the first that does.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
