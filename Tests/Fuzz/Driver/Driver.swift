import Glibc

/// One run with an input. Returns 0; an input is bad if it ends the process.
package typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// Hands the process to libFuzzer, with the options of the command line.
///
/// libFuzzer has a `main` of its own, which cannot be used, since an executable of a package is started elsewhere. It is linked
/// all the same, so the target must also be there under the name that it calls, `LLVMFuzzerTestOneInput`.
package func runFuzzer(_ target: FuzzTarget) -> Never {
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv
    exit(unsafe runDriver(&count, &arguments, target))
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: FuzzTarget
) -> CInt
