import Kernel

/// The records that a node keeps, has in question, or remembers.
struct RecordBook: Sendable {
    /// A record that the shell judges.
    struct Question: Sendable {
        let record: Record
        /// Who has sent a copy, in order of arrival, and so need not be sent one.
        var holders: [MemberID]
    }

    enum Standing: Hashable, Sendable { case unknown, inQuestion, known }

    /// Kept until settled, in order of their ids.
    private(set) var held: [Record] = []
    /// The newest of each stream, in order of the streams.
    private(set) var newest: [Record] = []
    private(set) var questions: [Question] = []
    /// Settled, or passed on while there was no room.
    private var done: RecentDigests
    /// Streams that count, in order.
    private(set) var streams: [MemberID] = []
    private let heldLimit: Int
    private var cachedDigest: Digest?

    init(_ options: GossipOptions) {
        done = RecentDigests(limit: options.settledLimit)
        heldLimit = options.heldLimit
    }

    mutating func setStreams(_ members: [MemberID]) {
        streams = Array(members.sorted().prefix(Message.streamsLimit))
        newest.removeAll { record in record.stream.map { !streams.contains($0.member) } ?? true }
    }

    func standing(of record: Record) -> Standing {
        if questions.contains(where: { $0.record.id == record.id }) { return .inQuestion }
        if done.contains(record.id) { return .known }
        guard let stream = record.stream else { return heldRecord(record.id) == nil ? .unknown : .known }
        guard let known = newest.first(where: { $0.stream?.member == stream.member })?.stream else { return .unknown }
        return known.sequence >= stream.sequence ? .known : .unknown
    }

    mutating func ask(_ record: Record, from sender: MemberID) {
        questions.append(Question(record: record, holders: [sender]))
    }

    /// How many the neighbour was the first to bring.
    func questionCount(from sender: MemberID) -> Int { questions.count { $0.holders.first == sender } }

    /// Another copy of what is in question.
    mutating func addHolder(_ sender: MemberID, of id: Digest) {
        guard let place = questions.firstIndex(where: { $0.record.id == id }),
            !questions[place].holders.contains(sender)
        else { return }
        questions[place].holders.append(sender)
    }

    mutating func takeQuestion(_ id: Digest) -> Question? {
        questions.firstIndex { $0.record.id == id }.map { questions.remove(at: $0) }
    }

    /// Whether it was news. Where there is no room to hold it, it is remembered by its id, so that it is passed on once.
    mutating func keep(_ record: Record) -> Bool {
        guard standing(of: record) == .unknown else { return false }
        guard let stream = record.stream else {
            hold(record)
            return true
        }
        let place = newest.partitioningIndex { ($0.stream?.member).map { $0 >= stream.member } ?? true }
        if place < newest.count, newest[place].stream?.member == stream.member {
            newest[place] = record
        } else {
            newest.insert(record, at: place)
        }
        return true
    }

    private mutating func hold(_ record: Record) {
        guard held.count < heldLimit else { return done.insert(record.id) }
        held.insert(record, at: heldPlace(of: record.id))
        cachedDigest = nil
    }

    mutating func settle(_ id: Digest) {
        let place = heldPlace(of: id)
        if place < held.count, held[place].id == id {
            held.remove(at: place)
            cachedDigest = nil
        }
        done.insert(id)
    }

    func heldRecord(_ id: Digest) -> Record? {
        let place = heldPlace(of: id)
        return place < held.count && held[place].id == id ? held[place] : nil
    }

    var heldIDs: [Digest] { held.map(\.id) }

    func isUnknown(_ id: Digest) -> Bool {
        !done.contains(id) && heldRecord(id) == nil && !questions.contains { $0.record.id == id }
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
