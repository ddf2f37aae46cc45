import Kernel

@testable import Consensus

/// `simple`, `enter-joint` and `leave-joint`, one after the other on one configuration.
struct ChangeAlgebra {
    private var configuration = Configuration.empty
    /// What a leader would know of the members, itself among them.
    private var progress: [Progress] = []
    private var directives: UInt64 = 0

    mutating func run(_ directive: Directive) -> Outcome {
        defer { directives += 1 }
        let changes = EtcdText.parseChanges(directive.input)
        do {
            configuration =
                switch directive.verb {
                case "simple": try configuration.simplyChanged(by: changes)
                case "enter-joint":
                    try configuration.enteringJoint(changes, autoLeave: directive.flag("autoleave"))
                case "leave-joint": try configuration.leavingJoint()
                default: throw Unknown()
                }
        } catch let flaw as ConfigurationChange.Flaw {
            // etcd words this one after what was asked for.
            let isSimple = directive.verb == "simple" && flaw == .isJoint
            return .output([isSimple ? "can't apply simple config change in joint config" : EtcdText.flaw(flaw)])
        } catch {
            return .output(["unknown command"])
        }
        // No leader of that identity takes part, so that everybody is a follower.
        let nobody = MemberID(high: 0, low: 0)
        progress = progress.changed(to: configuration, of: nobody, last: LogIndex(directives))
        return .output(
            [EtcdText.configuration(configuration)] + progress.map { EtcdText.progress($0, in: configuration) }
        )
    }

    private struct Unknown: Error {}
}

extension EtcdText {
    /// Parts about flow control are left out where they are zero, as in etcd.
    static func progress(_ follower: Progress, in configuration: Configuration, _ options: RaftOptions? = nil) -> String
    {
        // While a snapshot is under way etcd counts on from it.
        let pending = follower.transfer?.chunk?.point.position.index
        let next = pending?.next ?? follower.nextIndex
        var text =
            "\(id(follower.member)): \(state(follower.state)) match=\(follower.matchIndex.number) next=\(next.number)"
        if configuration.learners.contains(follower.member) { text += " learner" }
        if follower.isPaused || follower.state == .snapshot { text += " paused" }
        if let pending { text += " pendingSnap=\(pending.number)" }
        if !follower.isRecentlyActive { text += " inactive" }
        if let options, follower.inflight.count > 0 {
            text += " inflight=\(follower.inflight.count)" + (follower.inflight.isFull(options) ? "[full]" : "")
        }
        return text
    }
}
