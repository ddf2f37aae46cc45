internal import FoundationEssentials
internal import Kernel
package import Replica
internal import SwiftProtobuf

extension PeerCodec {
    /// What voters have said, as a node keeps it on its disk.
    package static func encode(_ words: [VotersWord]) -> [UInt8] {
        serialise(ProtoVotersWords.with { $0.words = words.map(ProtoVotersWord.init) })
    }

    package static func decodeWords(_ bytes: [UInt8]) throws(WireError) -> [VotersWord] {
        try parse(bytes, as: ProtoVotersWords.self).words.map { (word) throws(WireError) in try word.value() }
    }
}

extension ProtoVotersWord: ProtoConvertible {
    init(_ word: VotersWord) {
        voter = ProtoMemberID(word.voter)
        introductions = word.introductions.map(ProtoIntroduction.init)
    }

    func value() throws(WireError) -> VotersWord {
        VotersWord(
            by: voter.value(),
            try introductions.map { (introduction) throws(WireError) in try introduction.value() }
        )
    }
}

extension ProtoIntroduction: ProtoConvertible {
    init(_ introduction: Introduction) {
        spec = ProtoMemberSpec(introduction.spec)
        if let instance = introduction.instance { self.instance = Data(instance.bytes) }
    }

    func value() throws(WireError) -> Introduction {
        Introduction(
            spec: try spec.value(),
            instance: hasInstance ? try digest(instance, "introduction.instance") : nil
        )
    }
}
