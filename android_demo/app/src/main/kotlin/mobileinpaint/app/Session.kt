package mobileinpaint.app

import android.content.Context
import android.net.Uri
import android.os.Handler
import android.os.Looper
import java.io.File
import java.io.IOException
import java.util.concurrent.Executors
import mobileinpaint.core.Box
import mobileinpaint.core.Compositor
import mobileinpaint.core.Eraser
import mobileinpaint.core.History
import mobileinpaint.core.InpaintError
import mobileinpaint.core.Loaded
import mobileinpaint.core.Mask
import mobileinpaint.core.NoMemory
import mobileinpaint.core.Pixels
import mobileinpaint.core.withinMemory

private const val MOST_HISTORY_BYTES = 48L shl 20
private const val MOST_THREADS = 4

/** A line of the round brush, in pixels of the photo. */
class Stroke(val points: List<IntArray>, val radius: Int, val erase: Boolean)

/**
 * All that outlives a rotation: the photo, what is painted and what was done. Its methods are called on the main thread and do the
 * work on one other; [changed] is called on the main thread after each step.
 */
class Session(private val context: Context) {
    private val worker = Executors.newSingleThreadExecutor()
    private val main = Handler(Looper.getMainLooper())
    private val strokes = ArrayDeque<Stroke>()
    private val unpainted = ArrayDeque<Stroke>()
    private var history = History(MOST_HISTORY_BYTES)
    private var file: PhotoFile? = null
    private val eraser = Eraser(::load) // of the worker alone

    @Volatile
    private var cancelled = false

    /** The network's fill is enough: no more detail. */
    @Volatile
    private var enough = false

    /** Told of every change; null while no activity shows this. */
    var changed: (() -> Unit)? = null

    /** Told of the share of the detail that is added, in percent. */
    var progressed: ((Int) -> Unit)? = null

    /** The photo as it is now, and as it was opened. */
    var photo: Pixels? = null
        private set
    var original: Pixels? = null
        private set
    var mask: Mask? = null
        private set

    /** The photo with the network's fill while detail is added to it; not to be changed, and written to by the worker. */
    var filled: Pixels? = null
        private set
    var status = context.getString(R.string.welcome)
        private set
    var erasing = false
        private set
    var busy = false
        private set
    var accelerator = Engines.accelerators.first()

    val canUndo get() = !busy && (strokes.isNotEmpty() || history.canUndo)
    val canRedo get() = !busy && (unpainted.isNotEmpty() || history.canRedo)
    val savedName get() = checkNotNull(file).savedName
    val savedMime get() = checkNotNull(file).savedMime

    fun open(uri: Uri) = work(R.string.opening) {
        try {
            withinMemory { take(uri) }
        } catch (_: NoMemory) {
            say(context.getString(R.string.no_room))
        } catch (error: IOException) {
            say(context.getString(R.string.unreadable, error.message))
        } catch (error: SecurityException) {
            say(context.getString(R.string.unreadable, error.message))
        }
    }

    private fun take(uri: Uri) {
        val kept = File(context.cacheDir, "photo")
        (context.contentResolver.openInputStream(uri) ?: throw IOException("$uri")).use { from ->
            kept.outputStream().use { from.copyTo(it) }
        }
        release()
        val opened = PhotoFile.open(kept)
        val (width, height) = opened.pixels.width to opened.pixels.height
        val (empty, copy) = Mask(width, height) to opened.pixels.copy()
        finish {
            file = opened
            photo = opened.pixels
            original = copy
            mask = empty
            strokes.clear()
            unpainted.clear()
            history = History(MOST_HISTORY_BYTES)
            status = if (opened.shrunkBy == 1) context.getString(R.string.opened, width, height)
            else context.getString(R.string.smaller, width, height, opened.shrunkBy)
        }
    }

    /** The memory of the photo before is needed for the next. */
    private fun release() = main.post {
        photo = null
        original = null
        mask = null
        changed?.invoke()
    }

    fun paint(stroke: Stroke) {
        if (busy) return
        unpainted.clear()
        strokes.addLast(stroke)
        mask?.draw(stroke)
        changed?.invoke()
    }

    fun undo() {
        if (!canUndo) return
        if (strokes.isNotEmpty()) unpainted.addLast(strokes.removeLast()) else takeBack(history::undo)
        repaint()
    }

    fun redo() {
        if (!canRedo) return
        if (unpainted.isNotEmpty()) strokes.addLast(unpainted.removeLast()) else takeBack(history::redo)
        repaint()
    }

    private fun takeBack(step: (Pixels) -> Unit) = try {
        withinMemory { photo?.let(step) }
    } catch (error: InpaintError) {
        status = error.message.orEmpty()
    }

    private fun repaint() {
        mask?.hole?.fill(false)
        strokes.forEach { mask?.draw(it) }
        changed?.invoke()
    }

    /**
     * Fills what is painted. The network's fill is shown first; [keep] ends the detail that is added then. [cancel] ends all of it,
     * before the next call of the network or soon while detail is added, with the photo as it was.
     */
    fun erase() {
        if (busy) return
        val (photo, hole) = (photo ?: return) to (mask ?: return)
        val asked = accelerator
        cancelled = false
        enough = false
        erasing = true
        work(R.string.erasing) {
            val erased = eraser.erase(photo, hole, asked, ::detailing) { cancelled }
            finish {
                this.photo = erased.photo
                history.add(erased.before)
                strokes.clear()
                unpainted.clear()
                hole.hole.fill(false)
                status = context.getString(R.string.erased, asked, erased.networkMs, erased.calls, erased.allMs)
            }
        }
    }

    /** Shows the network's fill, and then how much detail is added to it. */
    private fun detailing(now: Pixels, box: Box, share: Double): Boolean {
        val percent = (100 * share).toInt()
        main.post {
            if (erasing && filled == null) {
                filled = now
                status = context.getString(R.string.detailing, box.width, box.height)
                changed?.invoke()
            }
            progressed?.invoke(percent)
        }
        return !enough
    }

    fun cancel() {
        cancelled = true
    }

    fun keep() {
        enough = true
    }

    /** Writes the photo to [uri], whole or not at all as far as its provider allows. */
    fun save(uri: Uri) {
        val (photo, file) = (photo ?: return) to (file ?: return)
        work(R.string.saving) {
            try {
                val bytes = file.encoded(photo)
                (context.contentResolver.openOutputStream(uri, "wt") ?: throw IOException("$uri")).use { it.write(bytes) }
                say(context.getString(R.string.saved))
            } catch (error: IOException) {
                say(context.getString(R.string.unwritten, error.message))
            }
        }
    }

    /** Makes a copy that other apps may be shown, and tells [ready] its address, on the main thread. */
    fun share(ready: (Uri) -> Unit) {
        val (photo, file) = (photo ?: return) to (file ?: return)
        work(R.string.saving) {
            try {
                val uri = SharedPhotos.put(context, file.savedName, file.encoded(photo))
                finish {
                    status = ""
                    ready(uri)
                }
            } catch (error: IOException) {
                say(context.getString(R.string.unwritten, error.message))
            }
        }
    }

    /** For good: the activity is gone and will not come back. */
    fun close() {
        changed = null
        progressed = null
        cancelled = true
        worker.execute(eraser::close)
        worker.shutdown()
    }

    private fun load(asked: String): Loaded {
        val artifact = bundledArtifact(context.assets)
        val compositor = Compositor.fromNumbers(artifact.manifest.compositor)
        val threads = minOf(MOST_THREADS, Runtime.getRuntime().availableProcessors())
        return Loaded(Engines.open(artifact, asked, threads), compositor)
    }

    private fun work(saying: Int, task: () -> Unit) {
        if (busy) return
        busy = true
        status = context.getString(saying)
        changed?.invoke()
        worker.execute {
            try {
                withinMemory(task)
            } catch (error: InpaintError) {
                say(error.message.orEmpty())
            }
        }
    }

    private fun say(line: String) = finish { status = line }

    private fun finish(change: () -> Unit) {
        main.post {
            busy = false
            erasing = false
            filled = null
            change()
            changed?.invoke()
        }
    }
}

private fun Mask.draw(stroke: Stroke) {
    for ((from, to) in stroke.points.zip(stroke.points.drop(1).ifEmpty { stroke.points })) {
        paint(from[0], from[1], to[0], to[1], stroke.radius, stroke.erase)
    }
}
