package mobileinpaint.app

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import java.io.File
import java.io.IOException
import mobileinpaint.core.Artifact
import mobileinpaint.core.EngineError
import mobileinpaint.core.Inpainter
import mobileinpaint.core.ManifestError

private const val SIGNATURE = "serving_default"

/** As `build.gradle.kts` has it; LiteRT itself does not say. */
private const val VERSION = "2.1.5"

/** What this flavour of the app runs networks by: LiteRT. */
object Engines {
    private val units = mapOf("cpu" to Accelerator.CPU, "gpu" to Accelerator.GPU, "npu" to Accelerator.NPU)

    /** What may be asked for, the default first. */
    val accelerators = units.keys.toList()

    /**
     * The network of [artifact].
     *
     * @param accelerator one of [accelerators].
     * @throws ManifestError not a LiteRT artifact with float inputs.
     * @throws EngineError LiteRT cannot load it, or not on that accelerator.
     */
    fun open(artifact: Artifact, accelerator: String, threads: Int): Inpainter {
        val contract = artifact.manifest.contract
        if (contract.target != "tflite" || (contract.inputs + contract.output).any { it.layout != "NHWC" || it.dtype != "float32" }) {
            throw ManifestError("${artifact.manifest.file}: this app runs tflite with float32 NHWC; export it with --target tflite")
        }
        val options = CompiledModel.Options(units.getValue(accelerator)).apply {
            if (accelerator == "cpu") cpuOptions = CompiledModel.CpuOptions(threads)
        }
        return guarded("${artifact.manifest.file} cannot be loaded on $accelerator") { LiteRtInpainter(artifact, accelerator, options) }
    }
}

/** LiteRT takes a path and no bytes, so the very bytes that were checked are written to a file of this app's own. */
private class LiteRtInpainter(artifact: Artifact, override val accelerator: String, options: CompiledModel.Options) : Inpainter {
    private val file = File.createTempFile("network", ".tflite").apply { writeBytes(artifact.bytes) }
    private val model = try {
        CompiledModel.create(file.path, options)
    } catch (error: LiteRtException) {
        file.delete()
        throw error
    }
    private val contract = artifact.manifest.contract
    private val inputs = contract.inputs.associate { it.name to model.createInputBuffer(it.name, SIGNATURE) }
    private val outputs = mapOf(contract.output.name to model.createOutputBuffer(contract.output.name, SIGNATURE))
    override val sizePx = contract.sizePx
    override val runtime = "litert $VERSION"
    private val area = sizePx * sizePx
    private val pixels = FloatArray(3 * area)
    private val planes = FloatArray(3 * area)

    override fun fill(image: FloatArray, mask: FloatArray): FloatArray = guarded("$runtime cannot run the network") {
        for (at in 0 until area) for (c in 0..2) pixels[3 * at + c] = image[c * area + at]
        inputs.getValue("image").writeFloat(pixels)
        inputs.getValue("mask").writeFloat(mask)
        model.run(inputs, outputs, SIGNATURE)
        val answer = outputs.values.single().readFloat()
        for (at in 0 until area) for (c in 0..2) planes[c * area + at] = answer[3 * at + c]
        planes
    }

    override fun close() {
        (inputs.values + outputs.values).forEach { it.close() }
        model.close()
        file.delete()
    }
}

private fun <T> guarded(what: String, run: () -> T): T = try {
    run()
} catch (error: LiteRtException) {
    throw EngineError("$what: ${error.message?.lineSequence()?.first()}; choose another accelerator", error)
} catch (error: IOException) {
    throw EngineError("$what: ${error.message?.lineSequence()?.first()}; free some room on this device", error)
}
