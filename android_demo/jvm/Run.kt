package mobileinpaint.jvm

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import mobileinpaint.app.Engines
import mobileinpaint.core.Artifact
import mobileinpaint.core.InpaintError

/**
 * The app's own engine on a computer: `ARTIFACT ACCELERATOR INPUT OUTPUT`. The input holds image and mask, the output the answer, as
 * float32 little endian. Prints what ran it, or `refused: ` and the line that a user would see.
 */
object Run {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (path, accelerator, input, output) = arguments
        val file = File(path)
        try {
            val artifact = Artifact.open(file.name, file.readBytes(), File("$path.json").readText())
            Engines.open(artifact, accelerator, threads = 1).use { inpainter ->
                val area = inpainter.sizePx * inpainter.sizePx
                val floats = ByteBuffer.wrap(File(input).readBytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                val image = FloatArray(3 * area).also { floats.get(it) }
                val mask = FloatArray(area).also { floats.get(it) }
                val answer = inpainter.fill(image, mask)
                val bytes = ByteBuffer.allocate(4 * answer.size).order(ByteOrder.LITTLE_ENDIAN)
                bytes.asFloatBuffer().put(answer)
                File(output).writeBytes(bytes.array())
                println("${inpainter.runtime} on ${inpainter.accelerator}")
            }
        } catch (error: InpaintError) {
            println("refused: ${error.message}")
        }
    }
}
