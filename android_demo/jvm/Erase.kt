package mobileinpaint.jvm

import java.io.File
import mobileinpaint.app.Engines
import mobileinpaint.core.Compositor
import mobileinpaint.core.Eraser
import mobileinpaint.core.InpaintError
import mobileinpaint.core.Loaded
import mobileinpaint.core.Mask
import mobileinpaint.core.Pixels
import mobileinpaint.core.bundledArtifact
import mobileinpaint.core.withinMemory

/**
 * An erase as the app does it, on a computer: `BUNDLE WIDTH HEIGHT CALLS`. BUNDLE is a folder that `mobile-inpaint bundle` wrote; two
 * dots are erased from a grey photo, and the user cancels after so many calls of the network. Prints `erased in N calls`, or
 * `refused: ` and the line that a user would see, and then whether the photo is as it was.
 */
object Erase {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (folder, width, height, calls) = arguments
        val photo = try {
            withinMemory { Pixels(width.toInt(), height.toInt(), ByteArray(3 * width.toInt() * height.toInt()) { 100 }) }
        } catch (error: InpaintError) {
            return println("refused: ${error.message}")
        }
        val bundle = File(folder)
        var called = 0
        val eraser = Eraser { accelerator ->
            val artifact = bundledArtifact { File(bundle, it).readBytes() }
            Loaded(Engines.open(artifact, accelerator, threads = 1), Compositor.fromNumbers(artifact.manifest.compositor))
        }
        val said = try {
            val erased = withinMemory { eraser.use { it.erase(photo, dots(photo), "cpu") { called++ == calls.toInt() } } }
            "erased in ${erased.calls} calls"
        } catch (error: InpaintError) {
            "refused: ${error.message}"
        }
        println(said)
        println("as it was: ${photo.rgb.all { it == 100.toByte() }}")
    }

    private fun dots(photo: Pixels) = Mask(photo.width, photo.height).apply {
        paint(10, 10, 10, 10, 4)
        paint(width - 10, height - 10, width - 10, height - 10, 4)
    }
}
