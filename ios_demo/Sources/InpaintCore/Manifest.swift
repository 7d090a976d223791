import Foundation

/// One input or output of an artifact.
public struct TensorSpec: Equatable, Sendable {
    /// `image`, `mask` or `output`; of a photo, `result`.
    public let name: String
    /// `NCHW`, `NHWC`, or `image` where the runtime takes an 8-bit picture.
    public let layout: String
    /// In that layout; for `image`, height and width; -1 is any length.
    public let shape: [Int]
    /// `float32` or `uint8`.
    public let dtype: String
    /// With `high` the range of values; for a mask `high` is a hole and `low` a pixel to keep.
    public let low: Double
    public let high: Double
    /// `RGB` or `grey`.
    public let colour: String

    /// What `shape` is where the network sees squares of `sizePx`.
    func shape(at sizePx: Int) -> [Int] {
        let channels = colour == "RGB" ? 3 : 1
        switch layout {
        case "NCHW": return [1, channels, sizePx, sizePx]
        case "NHWC": return [1, sizePx, sizePx, channels]
        default: return [sizePx, sizePx]
        }
    }
}

/// Where the weights come from.
public struct Provenance: Equatable, Sendable {
    public let checkpoint: String
    public let sha256: String
    public let licence: String
    public let copyright: String
    public let paper: String
    public let trainedOn: String

    /// Whether the weights are random: the artifact may be timed, and nothing else.
    public var timingOnly: Bool { trainedOn == "nothing: the weights are random, for timing only" }
}

/// How a network was brought into fewer bits.
public struct Quantization: Equatable, Sendable {
    public let ranges: String
    public let percentile: Double
    public let equalization: Double
    public let photos: String
    public let samples: Int
    public let seed: Int
    public let floatLayers: [String]
}

/// What an artifact promises; written into the file's own metadata and into its manifest, equal in both.
public struct Contract: Equatable, Sendable {
    public let model: String
    public let target: String
    public let precision: String
    /// Side of the square that the network sees.
    public let sizePx: Int
    public let inputs: [TensorSpec]
    public let output: TensorSpec
    public let provenance: Provenance
    public let tools: Table<String>
    /// The oldest system it runs on, for example `iOS16`; empty where the format does not say.
    public let deployment: String
    /// The mask value that means "fill me", in units of the mask's `high`; 0 only where `io` is `photo`.
    public let hole: Int
    /// Known pixels come back as given; always true.
    public let composited: Bool
    /// `tensor` for the network alone, `photo` where a compositor stands in the file as well.
    public let io: String
    public let quantization: Quantization?
}

/// How near an artifact came to its generator, on which photos, by which runtime.
public struct Verification: Equatable, Sendable {
    public let runtime: String
    public let computesIn: String
    public let photos: [String]
    /// In-hole PSNR to the fp32 generator on each photo (peak 1.0).
    public let psnrDb: [Double]
    /// What each of them had to reach.
    public let requiredDb: Double
    public let maxAbsError: Double
    /// Largest difference to the given pixels outside the hole; must be 0.
    public let outsideMaxAbsError: Double
    public let invertedPsnrDb: Double
}

/// What an artifact's fills are worth on holes of one size; every figure is a mean over crops whose truth is known.
public struct SliceQuality: Equatable, Sendable {
    public let slice: String
    public let crops: Int
    public let lpips: Double
    public let lpipsRise: Double
    public let lpipsRiseInterval: [Double]
    public let dists: Double?
    public let distsRise: Double?
    public let lpipsToFp32: Double
    public let psnrToFp32Db: Double
    public let psnrDb: Double
    public let seamDeltaERise: Double
}

/// Whether an artifact is worth shipping: its fills beside the fp32 generator's, on photos whose truth is known.
public struct Quality: Equatable, Sendable {
    public let photos: String
    public let yardsticks: [String]
    public let slices: [SliceQuality]
    public let maxRiseObject: Double
    public let maxRiseFree: Double

    /// The slices on which it falls short; empty where it may ship.
    public var misses: [SliceQuality] {
        slices.filter { !($0.lpipsRise <= ($0.slice == "large" ? maxRiseFree : maxRiseObject)) }
    }
}

/// The JSON beside an artifact.
public struct Manifest: Equatable, Sendable {
    static let newestSchema = 2
    /// Of the squares that an app's network may see, in pixels: an app allocates by it.
    static let sides = 64...4096

    public let file: String
    /// Hex digest of the artifact; of a folder as ``Sha256/hex(ofItemAt:)`` makes it.
    public let sha256: String
    public let bytes: Int
    /// Inputs, output, weights and tools, as inside the file.
    public let contract: Contract
    public let ops: Table<Int>
    public let largestActivation: Double
    /// The numbers that ``Compositor/init(numbers:)`` takes.
    public let compositor: Table<Double>
    /// Never absent in a file that `mobile-inpaint export` left behind.
    public let verification: Verification?
    public let quality: Quality?
    public let schema: Int
}

extension Manifest {
    /// The manifest that `text` is.
    ///
    /// - Parameter place: the file's name, to open messages with.
    /// - Throws: ``ManifestError``: of a newer schema, or not a manifest.
    public init(json text: String, at place: String) throws {
        guard let json = try? Json(parsing: text) else {
            throw ManifestError("\(place): not JSON; export the artifact again")
        }
        if let newer = Strict.newerSchema(json, than: Manifest.newestSchema) {
            throw ManifestError(
                "\(place): schema \(newer) is newer than this package reads (\(Manifest.newestSchema)); upgrade mobile-inpaint"
            )
        }
        self = try Strict.load(Manifest.read, from: json, at: place, or: ManifestError.self)
        if !isPlainName(file) {
            throw ManifestError("\(place): 'file' must be a file's name, not \(quote(file)); export the artifact again")
        }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        if sha256.utf8.count != 64 || !sha256.utf8.allSatisfy({ digits.contains($0) || letters.contains($0) }) {
            throw ManifestError("\(place): 'sha256' must be 64 hexadecimal digits, not \(quote(sha256)); export it again")
        }
    }

    /// Returns if an app with a ``Compositor`` of its own may carry this artifact.
    ///
    /// - Throws: ``ManifestError``: not verified, not worth shipping, of random weights, of another polarity, a pipeline
    ///   that needs no compositor, or of a size that no app should allocate.
    public func checkForApp() throws {
        guard let verification else { throw refused("it is not verified; export it again") }
        guard let worst = verification.psnrDb.min(), worst >= verification.requiredDb, verification.outsideMaxAbsError == 0
        else {
            throw refused("its verification falls short of what it requires; export it again")
        }
        if quality == nil && contract.precision != "fp32" && contract.precision != "fp16" {
            throw refused("nobody judged what its fills are worth; export it again")
        }
        if let quality, !quality.misses.isEmpty {
            throw refused("its fills are not worth shipping; export it in a higher precision")
        }
        if contract.provenance.timingOnly {
            throw refused("its weights are random, and may be timed but not carried by an app")
        }
        if contract.io != "tensor" {
            throw refused("it takes a whole photo, and an app brings its own compositor; export it with --io tensor")
        }
        if contract.hole != 1 || !contract.composited {
            throw refused("its mask's polarity is not 1 = hole, or it does not give known pixels back; export it again")
        }
        if compositor["size_px"] != Double(contract.sizePx) {
            throw refused("its compositor is for another size than its network; export it again")
        }
        let side = contract.sizePx
        if !Manifest.sides.contains(side) {
            let sides = "\(Manifest.sides.lowerBound) to \(Manifest.sides.upperBound)"
            throw refused("its network takes \(side) pixels a side, not \(sides); export it again")
        }
        if !(contract.inputs + [contract.output]).allSatisfy({ $0.shape == $0.shape(at: side) }) {
            throw refused("its tensors are of another size than its network; export it again")
        }
    }

    private func refused(_ fault: String) -> ManifestError {
        ManifestError("\(file): \(fault)")
    }
}

/// An exported file and its manifest; opening is the only way to one, so that whoever has one has a sound one.
public struct Artifact: Sendable {
    public let url: URL
    public let manifest: Manifest

    /// The artifact at `url`, its bytes checked against the manifest beside it, and that an app may carry it.
    ///
    /// - Throws: ``ManifestError``: no file, no manifest, the file is not the one that the manifest describes, or it is not for
    ///   an app.
    public init(opening url: URL) throws {
        let name = url.lastPathComponent
        let beside = url.deletingLastPathComponent().appendingPathComponent(name + ".json")
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw ManifestError("\(url.path): no such artifact; make one with: mobile-inpaint export")
        }
        guard FileManager.default.fileExists(atPath: beside.path) else {
            throw ManifestError("\(name): its manifest \(name).json is not beside it; export it again")
        }
        let manifest = try Manifest(json: Artifact.text(at: beside), at: name + ".json")
        if manifest.file != name {
            throw ManifestError("\(name).json: describes \(quote(manifest.file)), not \(quote(name)); export it again")
        }
        let digest = try Sha256.hex(ofItemAt: url)
        if digest != manifest.sha256 {
            throw ManifestError(
                "\(name): its bytes are not those its manifest describes (sha256 \(digest.prefix(12))…, manifest says "
                    + "\(manifest.sha256.prefix(12))…); export it again"
            )
        }
        try manifest.checkForApp()
        self.url = url
        self.manifest = manifest
    }

    private static func text(at url: URL) throws -> String {
        guard let data = FileManager.default.contents(atPath: url.path) else {
            throw ManifestError("\(url.lastPathComponent): cannot be read; export it again")
        }
        let text = String(decoding: data, as: UTF8.self)
        guard text.utf8.elementsEqual(data) else {
            throw ManifestError("\(url.lastPathComponent): cannot be read (not UTF-8); export it again")
        }
        return text
    }
}
