package mobileinpaint.core

/**
 * A network: the [Compositor]'s Fill.
 *
 * Not for two threads at once.
 */
interface Inpainter : AutoCloseable {
    /** Side of the square that the network sees. */
    val sizePx: Int

    /** What runs it, for example `onnxruntime 1.29.0`. */
    val runtime: String

    /** `cpu`, `gpu` or `npu`. */
    val accelerator: String

    /**
     * What the network puts into the hole.
     *
     * @param image [3 * N * N] planes R, G, B in [0, 1]; 0 in the hole.
     * @param mask [N * N], 1 = hole, 0 = keep.
     * @return [3 * N * N] planes; may be the same array each time. Only its values in the hole are used.
     * @throws EngineError the network cannot run.
     */
    fun fill(image: FloatArray, mask: FloatArray): FloatArray

    override fun close()
}
