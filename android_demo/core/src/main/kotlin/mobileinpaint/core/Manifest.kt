package mobileinpaint.core

private const val SCHEMA = 2
private const val SHORT_DIGEST = 12
private const val SMALLEST_SIDE = 64
private const val LARGEST_SIDE = 4096
private val DIGEST = Regex("[0-9a-f]{64}")

/**
 * One input or output of an artifact.
 *
 * @property name `image`, `mask` or `output`; of a photo, `result`.
 * @property layout `NCHW`, `NHWC`, or `image` where the runtime takes an 8-bit picture.
 * @property shape in that layout; for `image`, `(height, width)`; -1 is any length.
 * @property dtype `float32` or `uint8`.
 * @property low with [high] the range of values; for a mask [high] is a hole and [low] a pixel to keep.
 * @property colour `RGB` or `grey`.
 */
data class TensorSpec(
    val name: String, val layout: String, val shape: List<Int>, val dtype: String, val low: Double, val high: Double,
    val colour: String,
) {
    /** What [shape] is where the network sees squares of [sizePx]. */
    fun shapeAt(sizePx: Int): List<Int> {
        val channels = if (colour == "RGB") 3 else 1
        return when (layout) {
            "NCHW" -> listOf(1, channels, sizePx, sizePx)
            "NHWC" -> listOf(1, sizePx, sizePx, channels)
            else -> listOf(sizePx, sizePx)
        }
    }
}

/** Where the weights come from. */
data class Provenance(
    val checkpoint: String, val sha256: String, val licence: String, val copyright: String, val paper: String,
    val trainedOn: String,
) {
    /** Whether the weights are random: the artifact may be timed, and nothing else. */
    val timingOnly get() = trainedOn == "nothing: the weights are random, for timing only"
}

/** How a network was brought into fewer bits. */
data class Quantization(
    val ranges: String, val percentile: Double, val equalization: Double, val photos: String, val samples: Int, val seed: Int,
    val floatLayers: List<String>,
)

/**
 * What an artifact promises; written into the file's own metadata and into its manifest, equal in both.
 *
 * @property sizePx side of the square that the network sees.
 * @property hole the mask value that means "fill me", in units of the mask's `high`; 0 only where [io] is `photo`.
 * @property composited known pixels come back as given; always true.
 * @property io `tensor` for the network alone, `photo` where a compositor stands in the file as well.
 */
data class Contract(
    val model: String, val target: String, val precision: String, val sizePx: Int, val inputs: List<TensorSpec>,
    val output: TensorSpec, val provenance: Provenance, val tools: Map<String, String>, val deployment: String, val hole: Int,
    val composited: Boolean, val io: String, val quantization: Quantization?,
)

/**
 * How near an artifact came to its generator, on which photos, by which runtime.
 *
 * @property psnrDb in-hole PSNR to the fp32 generator on each photo (peak 1.0).
 * @property requiredDb what each of them had to reach.
 * @property outsideMaxAbsError largest difference to the given pixels outside the hole; must be 0.
 */
data class Verification(
    val runtime: String, val computesIn: String, val photos: List<String>, val psnrDb: List<Double>, val requiredDb: Double,
    val maxAbsError: Double, val outsideMaxAbsError: Double, val invertedPsnrDb: Double,
)

/** What an artifact's fills are worth on holes of one size; every figure is a mean over crops whose truth is known. */
data class SliceQuality(
    val slice: String, val crops: Int, val lpips: Double, val lpipsRise: Double, val lpipsRiseInterval: List<Double>,
    val dists: Double?, val distsRise: Double?, val lpipsToFp32: Double, val psnrToFp32Db: Double, val psnrDb: Double,
    val seamDeltaERise: Double,
)

/** Whether an artifact is worth shipping: its fills beside the fp32 generator's, on photos whose truth is known. */
data class Quality(
    val photos: String, val yardsticks: List<String>, val slices: List<SliceQuality>, val maxRiseObject: Double,
    val maxRiseFree: Double,
) {
    /** The slices on which it falls short; empty where it may ship. */
    val misses get() = slices.filterNot { it.lpipsRise <= if (it.slice == "large") maxRiseFree else maxRiseObject }
}

/**
 * The JSON beside an artifact.
 *
 * @property sha256 hex digest of the artifact.
 * @property contract inputs, output, weights and tools, as inside the file.
 * @property compositor the numbers that [Compositor.fromNumbers] takes.
 * @property verification never absent in a file that `mobile-inpaint export` left behind.
 */
data class Manifest(
    val file: String, val sha256: String, val bytes: Long, val contract: Contract, val ops: Map<String, Long>,
    val largestActivation: Double, val compositor: Map<String, Double>, val verification: Verification?, val quality: Quality?,
    val schema: Int,
) {
    /**
     * Returns if an app with a [Compositor] of its own may carry this artifact.
     *
     * @throws ManifestError not verified, not worth shipping, of random weights, of another polarity, a pipeline that needs no
     *   compositor, or of a size that no app should allocate.
     */
    fun checkForApp() {
        val reached = verification != null && (verification.psnrDb.minOrNull() ?: Double.NaN) >= verification.requiredDb
        val fault = when {
            verification == null -> "it is not verified; export it again"
            !reached || verification.outsideMaxAbsError != 0.0 ->
                "its verification falls short of what it requires; export it again"
            quality == null && contract.precision !in setOf("fp32", "fp16") ->
                "nobody judged what its fills are worth; export it again"
            quality?.misses?.isNotEmpty() == true -> "its fills are not worth shipping; export it in a higher precision"
            contract.provenance.timingOnly -> "its weights are random, and may be timed but not carried by an app"
            contract.io != "tensor" ->
                "it takes a whole photo, and an app brings its own compositor; export it with --io tensor"
            contract.hole != 1 || !contract.composited ->
                "its mask's polarity is not 1 = hole, or it does not give known pixels back; export it again"
            compositor["size_px"] != contract.sizePx.toDouble() ->
                "its compositor is for another size than its network; export it again"
            contract.sizePx !in SMALLEST_SIDE..LARGEST_SIDE ->
                "its network takes ${contract.sizePx} pixels a side, not $SMALLEST_SIDE to $LARGEST_SIDE; export it again"
            (contract.inputs + contract.output).any { it.shape != it.shapeAt(contract.sizePx) } ->
                "its tensors are of another size than its network; export it again"
            else -> return
        }
        throw ManifestError("$file: $fault")
    }

    companion object {
        /**
         * The manifest that [text] is.
         *
         * @param where the file's name, to open messages with.
         * @throws ManifestError of a newer schema, or not a manifest.
         */
        fun fromJson(text: String, where: String): Manifest {
            val table = try {
                parseJson(text)
            } catch (_: IllegalArgumentException) {
                throw ManifestError("$where: not JSON; export the artifact again")
            }
            newerSchema(table, SCHEMA)?.let {
                throw ManifestError("$where: schema $it is newer than this package reads ($SCHEMA); upgrade mobile-inpaint")
            }
            val manifest = load(MANIFEST, table, where, ::ManifestError)
            if (!isPlainName(manifest.file)) {
                val name = quote(manifest.file)
                throw ManifestError("$where: 'file' must be a file's name, not $name; export the artifact again")
            }
            if (!DIGEST.matches(manifest.sha256)) {
                val digest = quote(manifest.sha256)
                throw ManifestError("$where: 'sha256' must be 64 hexadecimal digits, not $digest; export it again")
            }
            return manifest
        }
    }
}

/** An artifact's bytes and its manifest; [open] is the only way to one, so that whoever has one has a sound one. */
class Artifact private constructor(val bytes: ByteArray, val manifest: Manifest) {
    companion object {
        /**
         * The artifact [name] of these [bytes].
         *
         * @param text its manifest.
         * @throws ManifestError the bytes are not those that the manifest describes, or no app may carry them.
         */
        fun open(name: String, bytes: ByteArray, text: String): Artifact {
            val manifest = Manifest.fromJson(text, "$name.json")
            if (manifest.file != name) {
                throw ManifestError("$name.json: describes ${quote(manifest.file)}, not ${quote(name)}; export it again")
            }
            val digest = sha256(bytes)
            if (digest != manifest.sha256) {
                throw ManifestError(
                    "$name: its bytes are not those its manifest describes (sha256 ${digest.take(SHORT_DIGEST)}…, manifest says " +
                        "${manifest.sha256.take(SHORT_DIGEST)}…); export it again",
                )
            }
            manifest.checkForApp()
            return Artifact(bytes, manifest)
        }
    }
}

/** Hex digest. */
internal fun sha256(bytes: ByteArray): String =
    java.security.MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it.toInt() and 255) }
