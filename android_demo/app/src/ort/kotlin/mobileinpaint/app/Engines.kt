package mobileinpaint.app

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import ai.onnxruntime.providers.NNAPIFlags
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.util.EnumSet
import mobileinpaint.core.Artifact
import mobileinpaint.core.EngineError
import mobileinpaint.core.Inpainter
import mobileinpaint.core.ManifestError

/** What this flavour of the app runs networks by: ONNX Runtime. Nothing of Android is named here, so any JVM runs it. */
object Engines {
    /** What may be asked for, the default first. */
    val accelerators = listOf("cpu", "xnnpack", "nnapi")

    /**
     * The network of [artifact].
     *
     * @param accelerator one of [accelerators].
     * @throws ManifestError not an ONNX artifact with float inputs.
     * @throws EngineError ONNX Runtime cannot load it, or not on that accelerator.
     */
    fun open(artifact: Artifact, accelerator: String, threads: Int): Inpainter {
        val contract = artifact.manifest.contract
        if (contract.target != "onnx" || (contract.inputs + contract.output).any { it.layout != "NCHW" || it.dtype != "float32" }) {
            throw ManifestError("${artifact.manifest.file}: this app runs onnx with float32 NCHW; export it with --target onnx")
        }
        return guarded("${artifact.manifest.file} cannot be loaded on $accelerator") { OrtInpainter(artifact, accelerator, threads) }
    }
}

private class OrtInpainter(artifact: Artifact, asked: String, threads: Int) : Inpainter {
    private val environment = OrtEnvironment.getEnvironment()
    private val session = OrtSession.SessionOptions().use { options ->
        options.setIntraOpNumThreads(threads)
        when (asked) {
            "xnnpack" -> options.addXnnpack(mapOf("intra_op_num_threads" to "$threads"))
            "nnapi" -> options.addNnapi(EnumSet.of(NNAPIFlags.USE_FP16))
        }
        environment.createSession(artifact.bytes, options)
    }
    private val names = artifact.manifest.contract.inputs.map { it.name }
    private val outputName = artifact.manifest.contract.output.name
    override val sizePx = artifact.manifest.contract.sizePx
    override val runtime = "onnxruntime ${environment.version}"
    override val accelerator = if (asked == "nnapi") "npu" else "cpu"
    private val planes = mapOf("image" to plane(3), "mask" to plane(1))
    private val output = FloatArray(3 * sizePx * sizePx)

    override fun fill(image: FloatArray, mask: FloatArray): FloatArray = guarded("$runtime cannot run the network") {
        planes.getValue("image").copy(image)
        planes.getValue("mask").copy(mask)
        val side = sizePx.toLong()
        val tensors = names.associateWith {
            val plane = planes.getValue(it)
            OnnxTensor.createTensor(environment, plane, longArrayOf(1, plane.capacity() / (side * side), side, side))
        }
        try {
            session.run(tensors, setOf(outputName)).use { (it[0] as OnnxTensor).floatBuffer.get(output) }
        } finally {
            tensors.values.forEach { it.close() }
        }
        output
    }

    override fun close() = session.close()

    private fun plane(channels: Int): FloatBuffer =
        ByteBuffer.allocateDirect(4 * channels * sizePx * sizePx).order(ByteOrder.nativeOrder()).asFloatBuffer()

    private fun FloatBuffer.copy(values: FloatArray) {
        clear()
        put(values)
        rewind()
    }
}

private fun <T> guarded(what: String, run: () -> T): T = try {
    run()
} catch (error: OrtException) {
    throw EngineError("$what: ${error.message?.lineSequence()?.first()}; choose another accelerator", error)
}
