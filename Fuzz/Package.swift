// swift-tools-version: 6.2
// The fuzzers: one program for the functions in Tests/WireFuzz. Apart from the main package because it only makes
// sense built with libFuzzer; scripts/fuzz.sh does that.
import PackageDescription

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "sluice", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", .product(name: "WireFuzz", package: "sluice")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
