import Kernel
import Testing

@Suite("Digest") struct DigestTests {
    @Test("is SHA-256 of FIPS 180-4's one-block example") func vector() {
        #expect(
            Digest.of([UInt8]("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test("comes back from its bytes and digits") func roundTrip() {
        let digest = Digest.of([1, 2, 3])
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(Digest(hex: digest.hex) == digest)
    }

    @Test("is refused from other lengths and other digits", arguments: ["", "ab", String(repeating: "g", count: 64)])
    func refusal(text: String) { #expect(Digest(hex: text) == nil) }

    @Test("orders as its bytes do") func order() {
        let digests = (0..<50).map { Digest.of([UInt8($0)]) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }

    @Test("does not depend on how the bytes were cut") func pieces() {
        var hasher = DigestHasher()
        hasher.update([1, 2])
        hasher.update([3])
        #expect(hasher.finalize() == Digest.of([1, 2, 3]))
    }
}

@Suite("Hexadecimal digits") struct HexTests {
    @Test("come back") func roundTrip() {
        let bytes: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
        #expect(bytes.hex == "00017f80ff")
        #expect([UInt8](hex: "00017F80ff") == bytes)
    }

    @Test("are refused when odd or foreign", arguments: ["0", "0g", "é0"])
    func refusal(text: String) { #expect([UInt8](hex: text) == nil) }
}

@Suite("Time") struct TimeTests {
    @Test("saturates at both ends instead of trapping") func saturation() {
        #expect(Instant(microseconds: .max).advanced(by: .seconds(1)) == Instant(microseconds: .max))
        #expect(WallTime.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(WallTime(milliseconds: 5).reduced(by: .seconds(1)) == .distantPast)
        #expect(Instant.zero.elapsed(since: Instant(microseconds: 7)) == .zero)
        #expect(Span.seconds(.max) > .seconds(1_000_000))
    }

    @Test("counts whole milliseconds of wall time") func milliseconds() {
        #expect(WallTime(milliseconds: 10).advanced(by: Span(microseconds: 1999)) == WallTime(milliseconds: 11))
    }
}

@Suite("UUID text") struct UUIDTextTests {
    @Test("comes back") func roundTrip() throws {
        let text = "0188a5eb-4b84-7095-bae8-084200ae0295"
        let parsed = try #require(UUIDText.parse(text))
        #expect(UUIDText.format(high: parsed.high, low: parsed.low) == text)
    }

    @Test(
        "is refused in any other form",
        arguments: [
            "", "0188a5eb4b847095bae8084200ae0295", "0188a5eb-4b84-7095-bae8-084200ae029",
            "0188a5eb-4b84-7095-bae8-084200ae029z",
            "0188a5eb-4b84-7095-bae8-084200ae0295-",
        ]
    )
    func refusal(text: String) { #expect(UUIDText.parse(text) == nil) }
}

@Suite("Seeded random") struct SeededRandomTests {
    @Test("gives the published sequence of SplitMix64 for seed 1234567") func vector() {
        var random = SeededRandom(seed: 1_234_567)
        let drawn = (0..<3).map { _ in random.next() }
        #expect(drawn == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test("splits into streams that do not disturb each other") func split() {
        var first = SeededRandom(seed: 1)
        var second = SeededRandom(seed: 1)
        var branch = first.split()
        _ = second.split()
        _ = branch.next()
        #expect(first.next() == second.next())
    }
}

@Suite("Key-value scan") struct KeyValueScanTests {
    struct Fixture: KeyValueView {
        let entries: [(key: [UInt8], value: [UInt8])]
        func value(for key: [UInt8]) -> [UInt8]? { entries.first { $0.key == key }?.value }
        func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
            entries.first { !$0.key.lexicographicallyPrecedes(key) }
        }
    }

    let view = Fixture(entries: [([1], [0]), ([2, 0], [1]), ([2, 1], [2]), ([2, 1, 0], [3]), ([3], [4])])

    @Test("visits a prefix in order and nothing else") func prefix() {
        var seen: [UInt8] = []
        view.scan(prefix: [2]) { _, value in
            seen += value
            return true
        }
        #expect(seen == [1, 2, 3])
    }

    @Test("starts where it is told and stops when told") func range() {
        var seen: [UInt8] = []
        view.scan(prefix: [2], from: [2, 1]) { _, value in
            seen += value
            return seen.count < 1
        }
        #expect(seen == [2])
    }
}

@Suite("Invariant") struct InvariantTests {
    @Test("ends the process when broken") func fires() async {
        await #expect(processExitsWith: .failure) { invariant(1 > 2, "one is not past two") }
    }
}
