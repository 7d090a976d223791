package mobileinpaint.core

/** A network that is loaded, and the compositor that its manifest describes. */
class Loaded(val inpainter: Inpainter, val compositor: Compositor)

/**
 * What an erase left.
 *
 * @property before what was in the hole's box, to take the erase back.
 * @property networkMs of all [calls] of the network together.
 */
class Erased(val photo: Pixels, val before: Patch, val calls: Int, val networkMs: Double, val allMs: Double)

/**
 * Erases by a network that is loaded when it is first needed, and anew for another accelerator.
 *
 * Not for two threads at once.
 *
 * @param load loads the network on an accelerator.
 */
class Eraser(private val load: (accelerator: String) -> Loaded) : AutoCloseable {
    private var loaded: Loaded? = null
    private var loadedOn = ""

    /**
     * A new photo in which [hole] is filled; [photo] stays as it is, whatever happens.
     *
     * @param detailing told while a part gets its detail, as [Compositor] tells it.
     * @param cancelled asked before each call of the network, often while detail is added, and at the end; any thread may change its
     *   answer.
     * @throws MaskError nothing is to be filled, or everything.
     * @throws Cancelled [cancelled] said so.
     * @throws EngineError the network cannot be loaded or run. It is given up, as it is by the next; the next erase loads it anew.
     * @throws NoMemory there is not enough.
     * @throws ManifestError the artifact is not sound.
     */
    fun erase(
        photo: Pixels, hole: Mask, accelerator: String, detailing: Detailing = { _, _, _ -> true }, cancelled: () -> Boolean,
    ): Erased {
        if (hole.hole.none { it }) throw MaskError("nothing of the photo is marked: paint over what shall go")
        if (hole.hole.all { it }) throw MaskError("the whole photo is marked: nothing is left to fill from; unpaint some of it")
        try {
            return withinMemory { timed(photo, hole, on(accelerator), detailing, cancelled) }
        } catch (error: EngineError) {
            close()
            throw error
        } catch (error: NoMemory) {
            close()
            throw error
        }
    }

    /** Gives up the network's memory; the next erase loads it anew. */
    override fun close() {
        loaded?.inpainter?.close()
        loaded = null
    }

    private fun on(accelerator: String): Loaded {
        loaded?.takeIf { loadedOn == accelerator }?.let { return it }
        close() // before the next is loaded: two may not fit into memory
        return load(accelerator).also {
            loaded = it
            loadedOn = accelerator
        }
    }

    private fun timed(photo: Pixels, hole: Mask, by: Loaded, detailing: Detailing, cancelled: () -> Boolean): Erased {
        var calls = 0
        var inNetwork = 0L
        val started = System.nanoTime()
        val told: Detailing = { now, box, share ->
            if (cancelled()) throw Cancelled()
            detailing(now, box, share)
        }
        val result = by.compositor(photo, hole, told) { image, mask ->
            if (cancelled()) throw Cancelled()
            val before = System.nanoTime()
            by.inpainter.fill(image, mask).also {
                calls++
                inNetwork += System.nanoTime() - before
            }
        }
        if (cancelled()) throw Cancelled()
        val allMs = milliseconds(System.nanoTime() - started)
        return Erased(result, Patch(hole.box, photo.take(hole.box)), calls, milliseconds(inNetwork), allMs)
    }
}
