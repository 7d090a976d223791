// The keys of the manifest's JSON, in the order of the dataclasses in mobile_inpaint/artifact.py: refusals name them in it.

extension TensorSpec {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> TensorSpec? {
        let names = ["name", "layout", "shape", "dtype", "low", "high", "colour"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let name = fields("name", Strict.text)
        let layout = fields("layout", Strict.oneOf("NCHW", "NHWC", "image"))
        let shape = fields("shape", Strict.list(Strict.whole))
        let dtype = fields("dtype", Strict.oneOf("float32", "uint8"))
        let low = fields("low", Strict.number)
        let high = fields("high", Strict.number)
        let colour = fields("colour", Strict.oneOf("RGB", "grey"))
        if let name, let layout, let shape, let dtype, let low, let high, let colour {
            return TensorSpec(name: name, layout: layout, shape: shape, dtype: dtype, low: low, high: high, colour: colour)
        }
        return nil
    }
}

extension Provenance {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Provenance? {
        let names = ["checkpoint", "sha256", "licence", "copyright", "paper", "trained_on"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let checkpoint = fields("checkpoint", Strict.text)
        let sha256 = fields("sha256", Strict.text)
        let licence = fields("licence", Strict.text)
        let copyright = fields("copyright", Strict.text)
        let paper = fields("paper", Strict.text)
        let trainedOn = fields("trained_on", Strict.text)
        if let checkpoint, let sha256, let licence, let copyright, let paper, let trainedOn {
            return Provenance(
                checkpoint: checkpoint, sha256: sha256, licence: licence, copyright: copyright, paper: paper,
                trainedOn: trainedOn
            )
        }
        return nil
    }
}

extension Quantization {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Quantization? {
        let names = ["ranges", "percentile", "equalization", "photos", "samples", "seed", "float_layers"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let ranges = fields("ranges", Strict.oneOf("minmax", "percentile", "mse", "entropy"), else: "percentile")
        let percentile = fields("percentile", Strict.number, else: 99.99)
        let equalization = fields("equalization", Strict.number, else: 0.5)
        let photos = fields("photos", Strict.text, else: "")
        let samples = fields("samples", Strict.whole, else: 0)
        let seed = fields("seed", Strict.whole, else: 0)
        let floatLayers = fields("float_layers", Strict.list(Strict.text), else: [])
        if let ranges, let percentile, let equalization, let photos, let samples, let seed, let floatLayers {
            return Quantization(
                ranges: ranges, percentile: percentile, equalization: equalization, photos: photos, samples: samples,
                seed: seed, floatLayers: floatLayers
            )
        }
        return nil
    }
}

extension Contract {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Contract? {
        let names = [
            "model", "target", "precision", "size_px", "inputs", "output", "provenance", "tools", "deployment", "hole",
            "composited", "io", "quantization",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let model = fields("model", Strict.text)
        let target = fields("target", Strict.text)
        let precision = fields(
            "precision", Strict.oneOf("fp32", "fp16", "w8a32", "w8a16", "w8a8", "pal8", "pal6", "pal4", "auto")
        )
        let sizePx = fields("size_px", Strict.whole)
        let inputs = fields("inputs", Strict.list(TensorSpec.read))
        let output = fields("output", TensorSpec.read)
        let provenance = fields("provenance", Provenance.read)
        let tools = fields("tools", Strict.table(Strict.text))
        let deployment = fields("deployment", Strict.text, else: "")
        let hole = fields("hole", Strict.whole, else: 1)
        let composited = fields("composited", Strict.flag, else: true)
        let io = fields("io", Strict.oneOf("tensor", "photo"), else: "tensor")
        let quantization = fields("quantization", Strict.maybe(Quantization.read), else: nil)
        if let model, let target, let precision, let sizePx, let inputs, let output, let provenance, let tools, let deployment,
            let hole, let composited, let io, let quantization
        {
            return Contract(
                model: model, target: target, precision: precision, sizePx: sizePx, inputs: inputs, output: output,
                provenance: provenance, tools: tools, deployment: deployment, hole: hole, composited: composited, io: io,
                quantization: quantization
            )
        }
        return nil
    }
}

extension Verification {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Verification? {
        let names = [
            "runtime", "computes_in", "photos", "psnr_db", "required_db", "max_abs_error", "outside_max_abs_error",
            "inverted_psnr_db",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let runtime = fields("runtime", Strict.text)
        let computesIn = fields("computes_in", Strict.oneOf("fp32", "fp16", "int8"))
        let photos = fields("photos", Strict.list(Strict.text))
        let psnrDb = fields("psnr_db", Strict.list(Strict.number))
        let requiredDb = fields("required_db", Strict.number)
        let maxAbsError = fields("max_abs_error", Strict.number)
        let outsideMaxAbsError = fields("outside_max_abs_error", Strict.number)
        let invertedPsnrDb = fields("inverted_psnr_db", Strict.number)
        if let runtime, let computesIn, let photos, let psnrDb, let requiredDb, let maxAbsError, let outsideMaxAbsError,
            let invertedPsnrDb
        {
            return Verification(
                runtime: runtime, computesIn: computesIn, photos: photos, psnrDb: psnrDb, requiredDb: requiredDb,
                maxAbsError: maxAbsError, outsideMaxAbsError: outsideMaxAbsError, invertedPsnrDb: invertedPsnrDb
            )
        }
        return nil
    }
}

extension SliceQuality {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> SliceQuality? {
        let names = [
            "slice", "crops", "lpips", "lpips_rise", "lpips_rise_interval", "dists", "dists_rise", "lpips_to_fp32",
            "psnr_to_fp32_db", "psnr_db", "seam_delta_e_rise",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let slice = fields("slice", Strict.oneOf("thin", "small", "object", "large"))
        let crops = fields("crops", Strict.whole)
        let lpips = fields("lpips", Strict.number)
        let lpipsRise = fields("lpips_rise", Strict.number)
        let lpipsRiseInterval = fields("lpips_rise_interval", Strict.list(Strict.number))
        let dists = fields("dists", Strict.maybe(Strict.number))
        let distsRise = fields("dists_rise", Strict.maybe(Strict.number))
        let lpipsToFp32 = fields("lpips_to_fp32", Strict.number)
        let psnrToFp32Db = fields("psnr_to_fp32_db", Strict.number)
        let psnrDb = fields("psnr_db", Strict.number)
        let seamDeltaERise = fields("seam_delta_e_rise", Strict.number)
        if let slice, let crops, let lpips, let lpipsRise, let lpipsRiseInterval, let dists, let distsRise, let lpipsToFp32,
            let psnrToFp32Db, let psnrDb, let seamDeltaERise
        {
            return SliceQuality(
                slice: slice, crops: crops, lpips: lpips, lpipsRise: lpipsRise, lpipsRiseInterval: lpipsRiseInterval,
                dists: dists, distsRise: distsRise, lpipsToFp32: lpipsToFp32, psnrToFp32Db: psnrToFp32Db, psnrDb: psnrDb,
                seamDeltaERise: seamDeltaERise
            )
        }
        return nil
    }
}

extension Quality {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Quality? {
        let names = ["photos", "yardsticks", "slices", "max_rise_object", "max_rise_free"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let photos = fields("photos", Strict.text)
        let yardsticks = fields("yardsticks", Strict.list(Strict.text))
        let slices = fields("slices", Strict.list(SliceQuality.read))
        let maxRiseObject = fields("max_rise_object", Strict.number)
        let maxRiseFree = fields("max_rise_free", Strict.number)
        if let photos, let yardsticks, let slices, let maxRiseObject, let maxRiseFree {
            return Quality(
                photos: photos, yardsticks: yardsticks, slices: slices, maxRiseObject: maxRiseObject, maxRiseFree: maxRiseFree
            )
        }
        return nil
    }
}

extension Manifest {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Manifest? {
        let names = [
            "file", "sha256", "bytes", "contract", "ops", "largest_activation", "compositor", "verification", "quality",
            "schema",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let file = fields("file", Strict.text)
        let sha256 = fields("sha256", Strict.text)
        let bytes = fields("bytes", Strict.whole)
        let contract = fields("contract", Contract.read)
        let ops = fields("ops", Strict.table(Strict.whole))
        let largestActivation = fields("largest_activation", Strict.number)
        let compositor = fields("compositor", Strict.table(Strict.number))
        let verification = fields("verification", Strict.maybe(Verification.read), else: nil)
        let quality = fields("quality", Strict.maybe(Quality.read), else: nil)
        let schema = fields("schema", Strict.whole, else: Manifest.newestSchema)
        if let file, let sha256, let bytes, let contract, let ops, let largestActivation, let compositor, let verification,
            let quality, let schema
        {
            return Manifest(
                file: file, sha256: sha256, bytes: bytes, contract: contract, ops: ops, largestActivation: largestActivation,
                compositor: compositor, verification: verification, quality: quality, schema: schema
            )
        }
        return nil
    }
}
