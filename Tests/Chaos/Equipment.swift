/// What this machine permits to be done to nodes.
struct Equipment: Sendable {
    /// Whether the process may make network namespaces and links between them.
    let hasNamespaces: Bool
    /// `Preload/faults.c`, compiled.
    let preload: String?
    let faketime: String?

    var libraries: [String] { [preload, faketime].compactMap(\.self) }

    var kinds: [FaultKind] {
        FaultKind.allCases.filter { kind in
            switch kind {
            case .kill, .stop: true
            case .isolation, .oneWayPartition, .partialPartition: hasNamespaces || preload != nil
            case .slowDisk, .failingDisk, .fullDisk: preload != nil
            case .clockStep: faketime != nil
            }
        }
    }

    /// Lines on what is done how.
    var summary: [String] {
        let network =
            if hasNamespaces {
                "partitions: network namespaces, packets are lost"
            } else if preload != nil {
                "partitions: links are refused and broken"
            } else {
                "partitions: left out; there are neither network namespaces nor a C compiler for refused links"
            }
        return [
            network,
            preload == nil ? "disks: left out; install a C compiler" : "disks: a preloaded library",
            faketime == nil ? "clocks: left out; install faketime" : "clocks: libfaketime",
        ]
    }
}
