import Kernel

extension GossipNode {
    package func checkInvariants() {
        invariant(out.isEmpty, "effects were left: \(out.count)")
        invariant(book.held.count <= options.heldLimit, "\(book.held.count) records are held")
        invariant(book.newest.count <= Message.streamsLimit, "\(book.newest.count) streams")
        invariant(claimsWaiting.count <= options.claimQueueLimit, "\(claimsWaiting.count) claims wait")
        invariant(claimsWaiting.isEmpty || claimsAt != nil, "claims wait for nothing")
        invariant(departures.all.count <= overlay.count, "more departures than members: \(departures.all.count)")
        invariant(probes.count <= neighbours.count, "\(probes.count) probes of \(neighbours.count) neighbours")
        invariant(vivaldi.isInBounds, "out of bounds: \(vivaldi.position), \(vivaldi.height), \(vivaldi.error)")
        invariant((offer?.byteCount ?? 0) <= options.offerByteLimit, "\(offer?.byteCount ?? 0) bytes are offered")
        invariant(servings.count <= options.servedLimit, "\(servings.count) are sent a state")
        invariant(fetching == nil || snapshotAt == nil, "a state is asked for while one comes")
        invariant(spreadThrough <= head.index, "spread through \(spreadThrough) of \(head.index)")
    }
}
