package mobileinpaint.core

// The keys of the manifest's JSON, in the order of the dataclasses in mobile_inpaint/artifact.py: refusals name them in it.

private val TENSOR = record {
    val name = required("name", text)
    val layout = required("layout", oneOf("NCHW", "NHWC", "image"))
    val shape = required("shape", manyOf(whole))
    val dtype = required("dtype", oneOf("float32", "uint8"))
    val low = required("low", number)
    val high = required("high", number)
    val colour = required("colour", oneOf("RGB", "grey"))
    made { TensorSpec(name(), layout(), shape(), dtype(), low(), high(), colour()) }
}

private val PROVENANCE = record {
    val checkpoint = required("checkpoint", text)
    val sha256 = required("sha256", text)
    val licence = required("licence", text)
    val copyright = required("copyright", text)
    val paper = required("paper", text)
    val trainedOn = required("trained_on", text)
    made { Provenance(checkpoint(), sha256(), licence(), copyright(), paper(), trainedOn()) }
}

private val QUANTIZATION = record {
    val ranges = optional("ranges", "percentile", oneOf("minmax", "percentile", "mse", "entropy"))
    val percentile = optional("percentile", 99.99, number)
    val equalization = optional("equalization", 0.5, number)
    val photos = optional("photos", "", text)
    val samples = optional("samples", 0, whole)
    val seed = optional("seed", 0, whole)
    val floatLayers = optional("float_layers", emptyList(), manyOf(text))
    made { Quantization(ranges(), percentile(), equalization(), photos(), samples(), seed(), floatLayers()) }
}

private val PRECISION = oneOf("fp32", "fp16", "w8a32", "w8a16", "w8a8", "pal8", "pal6", "pal4", "auto")

private val CONTRACT = record {
    val model = required("model", text)
    val target = required("target", text)
    val precision = required("precision", PRECISION)
    val sizePx = required("size_px", whole)
    val inputs = required("inputs", manyOf(TENSOR))
    val output = required("output", TENSOR)
    val provenance = required("provenance", PROVENANCE)
    val tools = required("tools", tableOf(text))
    val deployment = optional("deployment", "", text)
    val hole = optional("hole", 1, whole)
    val composited = optional("composited", true, flag)
    val io = optional("io", "tensor", oneOf("tensor", "photo"))
    val quantization = optionalOrNull("quantization", QUANTIZATION)
    made {
        Contract(
            model(), target(), precision(), sizePx(), inputs(), output(), provenance(), tools(), deployment(), hole(),
            composited(), io(), quantization(),
        )
    }
}

private val VERIFICATION = record {
    val runtime = required("runtime", text)
    val computesIn = required("computes_in", oneOf("fp32", "fp16", "int8"))
    val photos = required("photos", manyOf(text))
    val psnrDb = required("psnr_db", manyOf(number))
    val requiredDb = required("required_db", number)
    val maxAbsError = required("max_abs_error", number)
    val outside = required("outside_max_abs_error", number)
    val inverted = required("inverted_psnr_db", number)
    made { Verification(runtime(), computesIn(), photos(), psnrDb(), requiredDb(), maxAbsError(), outside(), inverted()) }
}

private val SLICE = record {
    val slice = required("slice", oneOf("thin", "small", "object", "large"))
    val crops = required("crops", whole)
    val lpips = required("lpips", number)
    val lpipsRise = required("lpips_rise", number)
    val interval = required("lpips_rise_interval", manyOf(number))
    val dists = requiredOrNull("dists", number)
    val distsRise = requiredOrNull("dists_rise", number)
    val lpipsToFp32 = required("lpips_to_fp32", number)
    val psnrToFp32Db = required("psnr_to_fp32_db", number)
    val psnrDb = required("psnr_db", number)
    val seam = required("seam_delta_e_rise", number)
    made {
        SliceQuality(
            slice(), crops(), lpips(), lpipsRise(), interval(), dists(), distsRise(), lpipsToFp32(), psnrToFp32Db(), psnrDb(),
            seam(),
        )
    }
}

internal val QUALITY = record {
    val photos = required("photos", text)
    val yardsticks = required("yardsticks", manyOf(text))
    val slices = required("slices", manyOf(SLICE))
    val maxRiseObject = required("max_rise_object", number)
    val maxRiseFree = required("max_rise_free", number)
    made { Quality(photos(), yardsticks(), slices(), maxRiseObject(), maxRiseFree()) }
}

internal val MANIFEST = record {
    val file = required("file", text)
    val sha256 = required("sha256", text)
    val bytes = required("bytes", long)
    val contract = required("contract", CONTRACT)
    val ops = required("ops", tableOf(long))
    val largestActivation = required("largest_activation", number)
    val compositor = required("compositor", tableOf(number))
    val verification = optionalOrNull("verification", VERIFICATION)
    val quality = optionalOrNull("quality", QUALITY)
    val schema = optional("schema", 2, whole)
    made {
        Manifest(
            file(), sha256(), bytes(), contract(), ops(), largestActivation(), compositor(), verification(), quality(),
            schema(),
        )
    }
}
