import Directory
import Gossip
import Kernel
import Keys
import Links
import Logging
import NIOCore
import Replica
import Wire

extension PeerLinks {
    convenience init(
        settings: NodeSettings,
        instance: Digest,
        roster: LinkRoster,
        clock: NodeClock,
        inbox: Inbox,
        members: MemberRoster,
        meter: EdgeMeter,
        complaints: FrameComplaints,
        group: any EventLoopGroup,
        logger: Logger
    ) throws {
        var options = LinkOptions()
        options.listenHost = settings.bindHost
        let local = LinkMember(
            id: settings.member.id,
            name: settings.member.name,
            host: settings.bindHost,
            port: settings.bindPort,
            keyFingerprint: settings.member.keyFingerprint
        )
        try self.init(
            local: local,
            instance: instance,
            roster: roster,
            credentials: settings.credentials,
            lineage: settings.genesis.lineage,
            options: options,
            clock: { clock.now().wall },
            group: group,
            delegate: FrameReceiver(
                inbox: inbox,
                members: members,
                meter: meter,
                clock: clock,
                complaints: complaints,
                logger: logger
            ),
            logger: logger
        )
    }
}

extension LinkMember {
    init(_ member: MemberSpec) throws(AddressError) {
        guard let colon = member.raftAddress.lastIndex(of: ":"),
            let port = Int(member.raftAddress[member.raftAddress.index(after: colon)...]), (1...65_535).contains(port)
        else { throw AddressError(member: member.name, address: member.raftAddress) }
        var host = String(member.raftAddress[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(id: member.id, name: member.name, host: host, port: port, keyFingerprint: member.keyFingerprint)
    }
}

/// A member's address that nobody can dial.
package struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    let member: String
    let address: String

    package var description: String {
        "\(member) has the raft address \"\(address)\"; it must be HOST:PORT with a port from 1 to 65535"
    }
}

/// Turns frames into messages for the node. What does not decode is dropped, as if it had been lost.
struct FrameReceiver: LinkDelegate {
    let inbox: Inbox
    let members: MemberRoster
    let meter: EdgeMeter
    let clock: NodeClock
    let complaints: FrameComplaints
    let logger: Logger

    func received(_ frame: [UInt8], from member: MemberID) -> TimeAmount? {
        let now = clock.now().monotonic
        switch members.isEdge(member) ? meter.take(frame.count, from: member, at: now) : .taken {
        case .pause(let span): return .microseconds(Int64(clamping: span.microseconds))
        case .taken:
            take(frame, from: member, at: now)
            return nil
        }
    }

    private func take(_ frame: [UInt8], from member: MemberID, at now: Instant) {
        do throws(WireError) {
            inbox.postFrame(.receive(try PeerCodec.decode(frame), from: member))
        } catch {
            // Its sender pays for it, and says of no other frame what it may be: a later version's, or an enemy's.
            if case .unreadableGossip = error {
                inbox.postFrame(.unreadableGossip(byteCount: frame.count, from: member))
            }
            guard complaints.add(of: member, at: now) else { return }
            logger.warning("frame does not decode", metadata: ["peer": "\(member)", "error": "\(error)"])
        }
    }

    func connected(_ member: MemberID) {
        logger.info("peer connected", metadata: ["peer": "\(member)"])
        inbox.post(.link(member, isOpen: true))
    }

    func disconnected(_ member: MemberID, reason: LinkFailure) {
        logger.info("peer disconnected", metadata: ["peer": "\(member)", "reason": "\(reason)"])
        // An edge that could have its budget anew by closing its link would have none.
        if !members.isEdge(member) { meter.forget(member) }
        inbox.post(.link(member, isOpen: false))
        // Its process has ended, or is ending: nothing else closes a link that was in use.
        if reason == .closedByPeer { inbox.post(.linkClosed(member)) }
    }
}
