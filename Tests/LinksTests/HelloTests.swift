import Kernel
import Links
import NIOCore
import Testing

@Suite("Hello")
struct HelloTests {
    private let hello = Hello(
        lineage: Lineage(high: 1, low: .max),
        sender: MemberID(high: 2, low: 3, incarnation: 4),
        senderName: "n1",
        instance: .zero,
        receiver: MemberID(high: 5, low: 6, incarnation: .max)
    )

    @Test("a hello and every refusal come back as they were sent, within the bound of a first frame")
    func roundTrip() throws {
        #expect(try FirstFrame(FirstFrame.hello(hello).bytes) == .hello(hello))
        for refusal in HelloRefusal.allCases {
            #expect(try FirstFrame(FirstFrame.refusal(refusal).bytes) == .refusal(refusal))
        }
        let longest = Hello(
            lineage: hello.lineage,
            sender: hello.sender,
            senderName: String(repeating: "n", count: 63),
            instance: hello.instance,
            receiver: hello.receiver
        )
        #expect(FirstFrame.hello(longest).bytes.count <= Hello.maximumByteCount)
    }

    @Test("the layout is what the documentation says")
    func layout() {
        #expect(
            FirstFrame.hello(hello).bytes.hex
                == "5256504c" + "01" + "0001" + "0000000000000001ffffffffffffffff" + "00000000000000020000000000000003"
                + "00000004" + "00000000000000050000000000000006" + "ffffffff"
                + String(repeating: "00", count: 32) + "02" + "6e31"
        )
        #expect(FirstFrame.refusal(.wrongLineage).bytes.hex == "5256504c" + "02" + "0001" + "03")
    }

    @Test("any missing or extra byte is refused")
    func length() {
        for bytes in [FirstFrame.hello(hello).bytes, FirstFrame.refusal(.malformed).bytes] {
            for count in 0..<bytes.count {
                #expect(throws: HelloRefusal.malformed, "\(count)") { try FirstFrame(Array(bytes.prefix(count))) }
            }
            #expect(throws: HelloRefusal.malformed) { try FirstFrame(bytes + [0]) }
        }
    }

    @Test("another version is told apart from garbage")
    func version() {
        var bytes = FirstFrame.hello(hello).bytes
        bytes[6] = 2
        #expect(throws: HelloRefusal.unsupportedVersion) { try FirstFrame(bytes) }
        bytes[0] = 0
        #expect(throws: HelloRefusal.malformed) { try FirstFrame(bytes) }
    }

    @Test("no name and a name that is no text are refused")
    func name() {
        let prefix = Array(FirstFrame.hello(hello).bytes.dropLast(3))
        #expect(throws: HelloRefusal.malformed) { try FirstFrame(prefix + [0]) }
        #expect(throws: HelloRefusal.malformed) { try FirstFrame(prefix + [1, 0xff]) }
    }

    @Test("100,000 damaged hellos are refused or mean just what their bytes say")
    func garbage() {
        var random = SeededRandom(seed: 11)
        let whole = FirstFrame.hello(hello).bytes
        var read = 0, refused = 0
        for _ in 0..<100_000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            do {
                let frame = try FirstFrame(bytes)
                #expect(frame.bytes == bytes)
                read += 1
            } catch {
                refused += 1
            }
        }
        #expect(read > 10_000 && refused > 10_000, "\(read) read, \(refused) refused")
    }
}

@Suite("Back-off")
struct BackoffTests {
    @Test("the first attempt is immediate, later ones wait twice as long each time, with jitter, up to the bound")
    func steps() {
        var random = SeededRandom(seed: 3)
        var backoff = Backoff(Backoff.Bounds())
        #expect(backoff.next(using: &random) == .zero)
        for milliseconds in [10, 20, 40, 80, 160, 320, 500, 500, 500] as [Int64] {
            let wait = backoff.next(using: &random)
            #expect(wait >= .microseconds(milliseconds * 500) && wait <= .milliseconds(milliseconds))
        }
        for _ in 0..<200 { #expect(backoff.next(using: &random) <= .milliseconds(500)) }
    }

    @Test("only a connection that has lasted starts it anew")
    func reset() {
        var random = SeededRandom(seed: 3)
        var backoff = Backoff(Backoff.Bounds())
        for _ in 0..<5 { _ = backoff.next(using: &random) }
        backoff.reset(after: .milliseconds(499))
        #expect(backoff.next(using: &random) > .zero)
        backoff.reset(after: .milliseconds(500))
        #expect(backoff.next(using: &random) == .zero)
    }
}

@Suite("Send queue")
struct SendQueueTests {
    @Test("takes frames in order and in batches, and asks for one drain at a time")
    func order() {
        let queue = SendQueue(byteLimit: 100, frameLimit: 10)
        queue.open()
        #expect(queue.offer([1, 1]) == .firstQueued)
        #expect(queue.offer([2, 2]) == .queued)
        #expect(queue.offer([3, 3]) == .queued)
        #expect(queue.take(byteCount: 4) == [[1, 1], [2, 2]])
        #expect(queue.offer([4]) == .queued)
        #expect(queue.take(byteCount: 1) == [[3, 3]])
        #expect(queue.take(byteCount: 1) == [[4]])
        #expect(queue.take(byteCount: 1) == [])
        #expect(queue.offer([5]) == .firstQueued)
    }

    @Test("is bounded by bytes and by count, and says so")
    func bounds() {
        let queue = SendQueue(byteLimit: 5, frameLimit: 3)
        queue.open()
        #expect(queue.offer([1, 2, 3]) == .firstQueued)
        #expect(queue.offer([4, 5, 6]) == .refused(.queueFull))
        #expect(queue.offer([4, 5]) == .queued)
        #expect(queue.state.byteCount == 5)
        _ = queue.take(byteCount: 100)
        for _ in 0..<3 { #expect(queue.offer([1]) != .refused(.queueFull)) }
        #expect(queue.offer([1]) == .refused(.queueFull))
    }

    @Test("takes nothing while there is no connection, and forgets what was queued when one ends")
    func closed() {
        let queue = SendQueue(byteLimit: 5, frameLimit: 3)
        #expect(queue.offer([1]) == .refused(.notConnected))
        queue.open()
        #expect(queue.offer([1]) == .firstQueued)
        #expect(queue.close() == 1)
        #expect(queue.offer([1]) == .refused(.notConnected))
        queue.open()
        #expect(queue.take(byteCount: 100) == [])
    }
}
