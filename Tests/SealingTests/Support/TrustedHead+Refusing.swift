import Kernel
import Sealing
import Testing

extension TrustedHead {
    /// Expects that something is refused for this reason, and that it leaves no trace.
    func refuses(
        _ refusal: SealRefusal,
        at location: SourceLocation = #_sourceLocation,
        _ body: (inout TrustedHead) throws -> Void
    ) {
        var after = self
        #expect(throws: refusal, sourceLocation: location) { try body(&after) }
        #expect(after == self, sourceLocation: location)
    }
}
