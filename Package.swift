// swift-tools-version: 6.2
// The layers of ARCHITECTURE.md as targets: a module may import only what its line here names, and
// scripts/check-layers.py holds the sources to the same table.
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // Floor 0: C. The libraries come from the system; the ring is ours because a real-time
        // callback must not run Swift.
        .systemLibrary(name: "CFFmpeg", pkgConfig: "libavfilter", providers: [.apt(["libavfilter-dev"])]),
        .systemLibrary(name: "CSDL2", pkgConfig: "sdl2", providers: [.apt(["libsdl2-dev"])]),
        // No pkg-config file: the header and the library are where the compiler looks.
        .systemLibrary(name: "CSonic", providers: [.apt(["libsonic-dev"])]),
        .target(name: "CRealtime", dependencies: ["CSDL2"]),
        .target(name: "CProcess"),

        // Floor 1: values, decisions, bytes.
        .target(name: "Model", swiftSettings: settings),
        .target(name: "Timing", dependencies: ["Model"], swiftSettings: settings),
        .target(
            name: "Wire", dependencies: ["Model", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: settings),

        // Floor 2: the outside world, one module for each library.
        .target(
            name: "Media",
            dependencies: [
                "CFFmpeg", "CSonic", "Model", "Timing", "Wire",
                // Only for the ByteBuffer that an FLV tag carries.
                .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: settings),
        .target(name: "Screen", dependencies: ["CSDL2", "CRealtime", "Model"], swiftSettings: settings),
        .target(
            name: "Net",
            dependencies: [
                "Model", "Wire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: settings),

        // Floor 3: one live source for whoever reads.
        .target(
            name: "Intake", dependencies: ["Model", "Timing", "Wire", "Media", "Net"], swiftSettings: settings),

        // Floor 4: one module a capability.
        .target(
            name: "Publisher", dependencies: ["Model", "Timing", "Wire", "Media", "Net", "Intake"],
            swiftSettings: settings),
        .target(
            name: "Recorder", dependencies: ["Model", "Timing", "Wire", "Media", "Intake"],
            swiftSettings: settings),
        .target(
            name: "Prober", dependencies: ["Model", "Timing", "Wire", "Media", "Intake"],
            swiftSettings: settings),
        .target(
            name: "Player", dependencies: ["Model", "Timing", "Wire", "Media", "Screen", "Intake"],
            swiftSettings: settings),

        .target(
            name: "Origin",
            dependencies: [
                "Model", "Timing", "Wire", "Media", "Net",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: settings),

        // Floor 5: named streams in the background.
        .target(
            name: "Channels",
            dependencies: [
                "CProcess", "Model", "Timing", "Wire", "Origin", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),

        // Floor 6: the command line.
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Model", "Publisher", "Player", "Recorder", "Prober", "Origin", "Channels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),

        // Tests follow the floors. TestSupport is what they share: the fault proxy, peers, screens.
        .target(
            name: "TestSupport",
            dependencies: [
                "Model",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: settings),
        .testTarget(name: "TimingTests", dependencies: ["Timing", "Model"], swiftSettings: settings),
        .target(
            name: "WireFuzz", dependencies: ["Wire", .product(name: "NIOCore", package: "swift-nio")],
            path: "Tests/WireFuzz", swiftSettings: settings),
        .testTarget(
            name: "WireTests",
            dependencies: [
                "Wire", "WireFuzz", "Model", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: settings),
        .testTarget(
            name: "MediaTests",
            dependencies: [
                "Media", "Model", "Wire", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: settings),
        .testTarget(
            name: "ScreenTests", dependencies: ["Screen", "Model", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "NetTests",
            dependencies: [
                "Net", "Wire", "Model", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: settings),
        .testTarget(
            name: "IntakeTests", dependencies: ["Intake", "Media", "Net", "Wire", "Model", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "PublisherTests", dependencies: ["Publisher", "Media", "Timing", "Model", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "PlayerTests", dependencies: ["Player", "Media", "Timing", "Model", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "RecorderTests", dependencies: ["Recorder", "Media", "Timing", "Model", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ProberTests",
            dependencies: ["Prober", "Intake", "Media", "Wire", "Timing", "Model", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "OriginTests",
            dependencies: [
                "Origin", "Net", "Media", "Wire", "Model", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: settings),
        .testTarget(
            name: "ChannelsTests",
            dependencies: [
                "Channels", "Origin", "Model", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        // The built binary against real peers.
        .testTarget(name: "EndToEndTests", dependencies: ["Model", "TestSupport"], swiftSettings: settings),
    ]
)

// The fuzzers: one for the functions in Tests/WireFuzz, one for the origin's HTTP in Tests/OriginTests/Fuzz, which needs
// all that the origin is linked with. They make sense only when built with libFuzzer: scripts/fuzz.sh does that, and
// sets this.
if Context.environment["SLUICE_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/Sources/CFuzzer"),
        .target(name: "Driver", dependencies: ["CFuzzer"], path: "Fuzz/Sources/Driver", swiftSettings: settings),
        .executableTarget(
            name: "fuzz", dependencies: ["Driver", "WireFuzz"], path: "Fuzz/Sources/fuzz", swiftSettings: settings),
        // The sources are the tests' own, by a link: they see what is internal to the origin.
        .target(
            name: "OriginFuzz",
            dependencies: [
                "Origin", "Media", "Wire", "Model",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], path: "Fuzz/Sources/OriginFuzz", swiftSettings: settings),
        .executableTarget(
            name: "fuzz-origin", dependencies: ["Driver", "OriginFuzz"], path: "Fuzz/Sources/fuzz-origin",
            swiftSettings: settings),
    ]
}
