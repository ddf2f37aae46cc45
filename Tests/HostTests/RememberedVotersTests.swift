import Directory
import Foundation
import Kernel
import Logging
import Replica
import Testing

@testable import Host

@Suite("Voters that a node remembers")
struct RememberedVotersTests {
    @Test("come back after a restart, the last of them; a file that does not read is no reason not to start")
    func file() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let remembered = RememberedVoters(in: folder.path(), logger: Logger(label: "test"))
        #expect(remembered.load() == [])
        for number in UInt64(1)...2 {
            let spec = MemberSpec(
                id: MemberID(high: number, low: 1),
                name: "n\(number)",
                raftAddress: "n\(number):7000",
                apiAddresses: [],
                keyFingerprint: Digest.of([1])
            )
            let words = [VotersWord(by: MemberID(high: 9, low: 9), [Introduction(spec: spec, instance: nil)])]
            remembered.save(words)
            #expect(remembered.load() == words)
        }
        try Data([1, 2, 3]).write(to: folder.appending(path: "voters"))
        #expect(remembered.load() == [])
    }
}
