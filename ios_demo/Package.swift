// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "MobileInpaint",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "InpaintCore", targets: ["InpaintCore"]),
        .library(name: "InpaintKit", targets: ["InpaintKit"]),
    ],
    targets: [
        .target(name: "InpaintCore"),
        .target(name: "InpaintKit", dependencies: ["InpaintCore"]),
        .testTarget(name: "InpaintCoreTests", dependencies: ["InpaintCore"]),
        .testTarget(name: "InpaintKitTests", dependencies: ["InpaintCore", "InpaintKit"]),
    ],
    swiftLanguageModes: [.v6]
)
