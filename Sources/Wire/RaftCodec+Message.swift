internal import Consensus
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoMessage: ProtoConvertible {
    init(_ message: Consensus.Message) {
        lineage = ProtoLineage(message.lineage)
        group = message.group.number
        from = ProtoMemberID(message.from)
        to = ProtoMemberID(message.to)
        term = message.term.number
        body = OneOf_Body(message.body)
    }

    func value() throws(WireError) -> Consensus.Message {
        guard hasLineage else { throw .missing("message.lineage") }
        guard hasFrom else { throw .missing("message.from") }
        guard hasTo else { throw .missing("message.to") }
        guard let body else { throw .missing("message.body") }
        return Consensus.Message(
            lineage: lineage.value(),
            group: GroupID(group),
            from: from.value(),
            to: to.value(),
            term: Term(try counter(term, "message.term")),
            body: try body.value()
        )
    }
}

extension ProtoMessage.OneOf_Body {
    init(_ body: Consensus.Message.Body) {
        switch body {
        case .preVoteRequest(let last):
            self = .preVoteRequest(.with { $0.last = ProtoLogPosition(last) })
        case .preVoteResponse(let granted):
            self = .preVoteResponse(.with { $0.granted = granted })
        case .voteRequest(let last, let isTransfer):
            self = .voteRequest(
                .with {
                    $0.last = ProtoLogPosition(last)
                    $0.isTransfer = isTransfer
                }
            )
        case .voteResponse(let granted):
            self = .voteResponse(.with { $0.granted = granted })
        case .append(let append):
            self = .append(ProtoAppend(append))
        case .appendAccepted(let matchIndex):
            self = .appendAccepted(.with { $0.matchIndex = matchIndex.number })
        case .appendRejected(let previous, let hint):
            self = .appendRejected(
                .with {
                    $0.previous = previous.number
                    $0.hint = ProtoLogPosition(hint)
                }
            )
        case .heartbeat(let commitIndex, let round):
            self = .heartbeat(
                .with {
                    $0.commitIndex = commitIndex.number
                    $0.round = round
                }
            )
        case .heartbeatAcknowledged(let round):
            self = .heartbeatAcknowledged(.with { $0.round = round })
        case .snapshot(let chunk):
            self = .snapshot(ProtoSnapshotChunk(chunk))
        case .snapshotAcknowledged(let position, let nextChunk):
            self = .snapshotAcknowledged(
                .with {
                    $0.position = ProtoLogPosition(position)
                    $0.nextChunk = nextChunk
                }
            )
        case .timeoutNow:
            self = .timeoutNow(ProtoNothing())
        case .readIndexRequest(let context):
            self = .readIndexRequest(.with { $0.context = context })
        case .readIndexResponse(let context, let index):
            self = .readIndexResponse(
                .with {
                    $0.context = context
                    if let index { $0.index = index.number }
                }
            )
        }
    }

    func value() throws(WireError) -> Consensus.Message.Body {
        switch self {
        case .preVoteRequest(let request):
            guard request.hasLast else { throw .missing("preVoteRequest.last") }
            return .preVoteRequest(last: try request.last.value())
        case .preVoteResponse(let response):
            return .preVoteResponse(granted: response.granted)
        case .voteRequest(let request):
            guard request.hasLast else { throw .missing("voteRequest.last") }
            return .voteRequest(last: try request.last.value(), isTransfer: request.isTransfer)
        case .voteResponse(let response):
            return .voteResponse(granted: response.granted)
        case .append(let append):
            return .append(try append.value())
        case .appendAccepted(let accepted):
            return .appendAccepted(matchIndex: LogIndex(try counter(accepted.matchIndex, "appendAccepted.matchIndex")))
        case .appendRejected(let rejected):
            guard rejected.hasHint else { throw .missing("appendRejected.hint") }
            return .appendRejected(
                previous: LogIndex(try counter(rejected.previous, "appendRejected.previous")),
                hint: try rejected.hint.value()
            )
        case .heartbeat(let heartbeat):
            return .heartbeat(
                commitIndex: LogIndex(try counter(heartbeat.commitIndex, "heartbeat.commitIndex")),
                round: try counter(heartbeat.round, "heartbeat.round")
            )
        case .heartbeatAcknowledged(let acknowledged):
            return .heartbeatAcknowledged(round: try counter(acknowledged.round, "heartbeatAcknowledged.round"))
        case .snapshot(let chunk):
            return .snapshot(try chunk.value())
        case .snapshotAcknowledged(let acknowledged):
            guard acknowledged.hasPosition else { throw .missing("snapshotAcknowledged.position") }
            return .snapshotAcknowledged(
                position: try acknowledged.position.value(),
                nextChunk: try counter(acknowledged.nextChunk, "snapshotAcknowledged.nextChunk")
            )
        case .timeoutNow:
            return .timeoutNow
        case .readIndexRequest(let request):
            return .readIndexRequest(context: request.context)
        case .readIndexResponse(let response):
            let index = response.hasIndex ? LogIndex(try counter(response.index, "readIndexResponse.index")) : nil
            return .readIndexResponse(context: response.context, index: index)
        }
    }
}

extension ProtoAppend: ProtoConvertible {
    init(_ append: Consensus.Message.Append) {
        previous = ProtoLogPosition(append.previous)
        entries = append.entries.map(ProtoEntry.init)
        commitIndex = append.commitIndex.number
    }

    func value() throws(WireError) -> Consensus.Message.Append {
        guard hasPrevious else { throw .missing("append.previous") }
        let previous = try previous.value()
        var last = previous
        var values: [Entry] = []
        values.reserveCapacity(entries.count)
        for proto in entries {
            let entry = try proto.value()
            guard entry.index == last.index.next else {
                throw .invalid("append.entries", reason: "\(entry.index) does not follow \(last.index)")
            }
            guard entry.term >= last.term else {
                throw .invalid("append.entries", reason: "\(entry.term) follows \(last.term)")
            }
            last = entry.position
            values.append(entry)
        }
        return Consensus.Message.Append(
            previous: previous,
            entries: values,
            commitIndex: LogIndex(try counter(commitIndex, "append.commitIndex"))
        )
    }
}

extension ProtoSnapshotChunk: ProtoConvertible {
    init(_ chunk: Consensus.Message.SnapshotChunk) {
        point = ProtoSnapshotPoint(chunk.point)
        number = chunk.number
        isLast = chunk.isLast
        bytes = Data(chunk.bytes)
        digest = Data(chunk.digest.bytes)
    }

    func value() throws(WireError) -> Consensus.Message.SnapshotChunk {
        guard hasPoint else { throw .missing("snapshot.point") }
        return Consensus.Message.SnapshotChunk(
            point: try point.value(),
            number: try counter(number, "snapshot.number"),
            isLast: isLast,
            bytes: try bounded(bytes, to: RaftCodec.maxChunkBytes, "snapshot.bytes"),
            digest: try Wire.digest(digest, "snapshot.digest")
        )
    }
}
