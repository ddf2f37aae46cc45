// swift-tools-version: 6.2
import PackageDescription

/// For `Wire` alone: the code that protoc generates for messages of many fields is not marked for strict memory safety
/// (its copy-on-write storage is `nonisolated(unsafe)`, unmarked where it is used). Our own code there uses no pointers.
let strictButGenerated: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Settings for every other target: Swift 6 mode, explicit existentials and imports, warnings are errors.
let strict: [SwiftSetting] = strictButGenerated + [.strictMemorySafety()]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hashTrees = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")

/// One module of ours. The arrows between modules are held by `Tests/ArchitectureTests`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "reeve",
    products: [
        .executable(name: "reeve", targets: ["reeve"]),
        .library(name: "ReeveClient", targets: ["ReeveClient"]),
        .library(name: "Cedar", targets: ["Cedar"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf.git", exact: "1.39.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", exact: "0.2.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git",
            exact: "2.28.1",
            traits: ["FullFoundation"]
        ),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
    ],
    targets: [
        // Values and cores: no IO.
        module("Kernel", [crypto]),
        module("JSON", []),
        module("Linearizability", []),
        module("Identity", ["Kernel"]),
        module("Cedar", ["JSON"]),
        module("Consensus", ["Kernel", deque]),
        module("Gossip", ["Kernel", deque]),
        module("Sealing", ["Kernel"]),
        module("Directory", ["Kernel", "Identity", "Cedar"]),
        module("Decision", ["Kernel", "JSON", "Identity", "Cedar", "Directory", hashTrees]),
        module(
            "Replica",
            ["Kernel", "Identity", "Cedar", "Consensus", "Gossip", "Directory", "Decision", "Sealing", deque]
        ),

        // Shells: IO and few decisions.
        .target(
            name: "Wire",
            dependencies: [
                "Kernel", "Identity", "Consensus", "Gossip", "Directory", "Replica", "Sealing", "Cedar", protobuf,
            ],
            exclude: [
                "Proto/generate", "Proto/command.proto", "Proto/directory.proto", "Proto/gossip.proto",
                "Proto/kernel.proto", "Proto/peer.proto", "Proto/raft.proto", "Proto/record.proto", "Proto/seal.proto",
                "Proto/state.proto",
            ],
            swiftSettings: strictButGenerated
        ),
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        module("Storage", ["CLMDB", "Kernel", "Consensus", "Wire"]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        module("Keys", ["COpenSSL", "Kernel", "Identity", crypto, x509, asn1]),
        module("Links", ["Kernel", "Identity", "Keys", deque, nioCore, nioPosix, nioTLS, nioSSL, logging]),
        module(
            "Host",
            [
                "Kernel", "Identity", "Cedar", "Consensus", "Gossip", "Directory", "Decision", "Replica", "Sealing",
                "Wire", "Storage",
                "Keys",
                "Links", "Service", nioCore, nioPosix, logging, lifecycle, deque,
            ]
        ),
        module("Service", ["Kernel", "JSON", "Identity", "Cedar", "Directory", "Decision", crypto]),
        module(
            "HTTPAPI",
            [
                "Kernel", "JSON", "Service", "Identity", "Cedar", "Directory", "Decision", "Keys", nioCore, nioPosix,
                nioHTTP1, nioSSL, x509, logging, lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ]
        ),
        module(
            "ReeveClient",
            [
                "Kernel", "JSON", nioCore, nioHTTP1, nioSSL,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]
        ),
        module(
            "Simulator",
            [
                "Kernel", "JSON", "Linearizability", "Identity", "Cedar", "Consensus", "Gossip", "Sealing",
                "Directory", "Decision", "Replica", "Wire", heap,
            ]
        ),
        .executableTarget(
            name: "reeve",
            dependencies: [
                "Kernel", "JSON", "Identity", "Cedar", "Consensus", "Gossip", "Directory", "Decision", "Replica",
                "Sealing", "Wire",
                "Storage",
                "Keys", "Links", "Host", "Service", "HTTPAPI", "Simulator", crypto, logging, lifecycle, signals, nioTLS,
                nioCore, nioPosix,
                nioHTTP1, nioSSL, x509,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Simulate/Report/report.html")],
            swiftSettings: strict
        ),

        tests("ArchitectureTests", []),
        tests("KernelTests", ["Kernel"]),
        tests("JSONTests", ["JSON"]),
        tests("LinearizabilityTests", ["Linearizability", "Kernel"]),
        .executableTarget(
            name: "LinearizabilityConformance",
            dependencies: ["Linearizability"],
            path: "Tests/LinearizabilityConformance",
            swiftSettings: strict
        ),
        tests("IdentityTests", ["Identity", "Kernel"]),
        tests("CedarTests", ["Cedar", "JSON", "Kernel"]),
        .executableTarget(
            name: "CedarConformance",
            dependencies: ["Cedar", "JSON", "Kernel"],
            path: "Tests/CedarConformance",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "CedarPeer",
            dependencies: ["Cedar", "JSON", "Kernel"],
            path: "Tests/CedarPeer",
            swiftSettings: strict
        ),
        // The program of docs/guides/cedar-library.md, which sees what others see.
        .executableTarget(
            name: "CedarExample",
            dependencies: ["Cedar"],
            path: "Tests/CedarExample",
            packageAccess: false,
            swiftSettings: strict
        ),
        tests("ConsensusTests", ["Consensus", "Kernel"], exclude: ["Golden"]),
        .executableTarget(
            name: "RaftConformance",
            dependencies: ["Consensus", "Kernel"],
            path: "Tests/RaftConformance",
            swiftSettings: strict
        ),
        tests("GossipTests", ["Gossip", "Kernel"]),
        tests("SealingTests", ["Sealing", "Kernel"]),
        tests("DirectoryTests", ["Directory", "Identity", "Cedar", "Kernel", "Wire"]),
        tests("DecisionTests", ["Decision", "Directory", "Identity", "Cedar", "Kernel", "Wire"]),
        tests(
            "ReplicaTests",
            ["Replica", "Sealing", "Consensus", "Decision", "Directory", "Gossip", "Identity", "Kernel", "Wire"]
        ),
        tests(
            "WireTests",
            ["Wire", "Replica", "Sealing", "Consensus", "Gossip", "Directory", "Identity", "Cedar", "Kernel", protobuf]
        ),
        .target(
            name: "StoreTesting",
            dependencies: ["Consensus", "Kernel"],
            path: "Tests/StoreTesting",
            swiftSettings: strict
        ),
        .target(name: "CDiskFaults", path: "Tests/CDiskFaults"),
        .executableTarget(
            name: "StorageWriter",
            dependencies: ["CDiskFaults", "Storage", "Consensus", "Kernel"],
            path: "Tests/StorageWriter",
            swiftSettings: strict
        ),
        tests("StorageTests", ["Storage", "StorageWriter", "StoreTesting", "Wire", "Consensus", "Kernel"]),
        tests("KeysTests", ["Keys", "Identity", "Kernel", x509, asn1, crypto]),
        tests("LinksTests", ["Links", "Keys", "Identity", "Kernel", logging, nioCore, nioPosix, nioSSL]),
        .target(
            name: "TestSupport",
            dependencies: ["Service", "Decision", "Directory", "Identity", "Kernel", "Wire"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        tests(
            "HostTests",
            [
                "Host", "TestSupport", "Storage", "Service", "Replica", "Decision", "Directory", "Consensus", "Gossip",
                "Identity", "Keys", "Links", "Sealing", "Wire", "Kernel", nioCore, nioEmbedded, logging,
            ]
        ),
        tests(
            "ServiceTests",
            ["Service", "TestSupport", "Decision", "Directory", "Identity", "Cedar", "Kernel", "JSON"]
        ),
        tests(
            "HTTPAPITests",
            [
                "HTTPAPI", "TestSupport", "Service", "Identity", "Cedar", "Decision", "Directory", "Kernel", "Keys",
                "JSON",
                nioCore, nioPosix, nioHTTP1, nioSSL, nioEmbedded, logging,
                .product(name: "Hummingbird", package: "hummingbird"),
            ]
        ),
        tests(
            "ReeveClientTests",
            [
                "ReeveClient", "Keys", "Identity", "Kernel", "JSON", nioCore, nioPosix, nioHTTP1, nioSSL,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]
        ),
        // The program of docs/guides/client.md.
        .executableTarget(
            name: "ClientExample",
            dependencies: ["ReeveClient"],
            path: "Tests/ClientExample",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "AuthZENConformance",
            dependencies: [nioCore, nioHTTP1, nioSSL, .product(name: "AsyncHTTPClient", package: "async-http-client")],
            path: "Tests/AuthZENConformance",
            exclude: ["fixtures", "start-cluster"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "PeerComparison",
            dependencies: [
                crypto, nioCore, nioPosix, nioHTTP1, nioSSL, nioTLS,
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Tests/PeerComparison",
            swiftSettings: strict
        ),
        .target(
            name: "ClusterSupport",
            dependencies: [
                nioCore, nioPosix, nioHTTP1, nioSSL, .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            path: "Tests/ClusterSupport",
            swiftSettings: strict
        ),
        // The programs of Tests/long/ages and bad-input.
        .executableTarget(
            name: "LongRuns",
            dependencies: [
                "ClusterSupport", "Wire", "Replica", "Gossip", "Sealing", "Directory", "Consensus", "Links", "Keys",
                "Identity", "Kernel", nioCore, nioPosix, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/LongRuns",
            swiftSettings: strict
        ),
        tests(
            "ClusterTests",
            [
                "reeve", "ReeveClient", "ClusterSupport", "Storage", "Keys", "Identity", "Kernel", nioCore, nioHTTP1,
                nioSSL, nioPosix,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]
        ),
        .executableTarget(
            name: "Chaos",
            dependencies: [
                "ClusterSupport", "Linearizability", "Kernel", nioCore, nioPosix,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            path: "Tests/Chaos",
            exclude: ["Preload"],
            swiftSettings: strict
        ),
        tests("ChaosTests", ["Chaos", "Linearizability"]),
        tests(
            "ReeveTests",
            [
                "reeve", "TestSupport", "HTTPAPI", "Cedar", "Directory", "Identity", "JSON", "Kernel", "Keys",
                "Simulator", "Wire", nioCore, nioPosix, nioHTTP1, nioSSL,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "MutantWrappers",
            dependencies: ["Simulator", "Replica", "Consensus", "Kernel"],
            path: "Tests/MutantWrappers",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "MutantHunt",
            dependencies: [
                "MutantWrappers", "Simulator", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/MutantHunt",
            swiftSettings: strict
        ),
        tests(
            "SimulatorTests",
            [
                "MutantWrappers", "Simulator", "Decision", "StoreTesting", "Replica", "Sealing", "Consensus",
                "Gossip", "Directory", "JSON",
                "Kernel", "Wire",
            ]
        ),
    ]
)
