import Directory
import JSON
import Testing

@testable import reeve

@Suite("Roll-outs on the command line") struct RolloutArgumentTests {
    @Test("a ring is all nodes, or those with some labels") func rings() {
        #expect(RingArgument(argument: "all")?.ring == .all)
        #expect(RingArgument(argument: "zone=eu-1,ring=canary")?.ring.description == "ring=canary,zone=eu-1")
        for text in ["", "ring", "ring=", "ring=a,", "ring=a,ring=b", "Ring=a", "ring=a b"] {
            #expect(RingArgument(argument: text) == nil, "\(text)")
        }
    }

    @Test("a share is read and written in percent") func shares() {
        let shares: [(String, UInt32)] = [
            ("1%", 10_000), ("0.05%", 500), ("100%", 1_000_000), ("0%", 0), ("12.5%", 125_000),
        ]
        for (text, share) in shares {
            #expect(ShareArgument(argument: text)?.perMillion == share)
            #expect(ShareArgument.text(Int64(share)) == text)
        }
        for text in ["1", "101%", "-1%", "%", "x%", "nan%"] {
            #expect(ShareArgument(argument: text) == nil, "\(text)")
        }
    }
}
