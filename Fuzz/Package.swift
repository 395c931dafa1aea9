// swift-tools-version: 6.2
// The fuzzers: one program for the functions in Tests/WireFuzz, one for the origin's HTTP in Tests/OriginTests/Fuzz,
// which needs all that the origin is linked with. Apart from the main package because they only make sense built with
// libFuzzer; scripts/fuzz.sh does that.
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "sluice", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    ],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .target(name: "Driver", dependencies: ["CFuzzer"], swiftSettings: settings),
        .executableTarget(
            name: "fuzz", dependencies: ["Driver", .product(name: "WireFuzz", package: "sluice")],
            swiftSettings: settings),
        // The sources are the tests' own, by a link: they see what is internal to the origin.
        .target(
            name: "OriginFuzz",
            dependencies: [
                .product(name: "OriginForFuzzing", package: "sluice"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: settings),
        .executableTarget(name: "fuzz-origin", dependencies: ["Driver", "OriginFuzz"], swiftSettings: settings),
    ]
)
