package mobileinpaint.core

/** The bytes of a box of a photo, as [Pixels.take] gives them. */
class Patch(val box: Box, val bytes: ByteArray)

/**
 * The erases of a photo that can be taken back and done again: only the changed boxes are kept.
 *
 * @param mostBytes the oldest erases are forgotten beyond that.
 */
class History(private val mostBytes: Long) {
    private val undone = ArrayDeque<Patch>()
    private val redone = ArrayDeque<Patch>()

    val canUndo get() = undone.isNotEmpty()
    val canRedo get() = redone.isNotEmpty()

    /** @param before what was there before an erase. */
    fun add(before: Patch) {
        redone.clear()
        undone.addLast(before)
        while (undone.sumOf { it.bytes.size.toLong() } > mostBytes) undone.removeFirst()
    }

    /** Takes back the last erase. */
    fun undo(pixels: Pixels) {
        undone.lastOrNull()?.let { redone.addLast(swap(it, pixels)) } ?: return
        undone.removeLast()
    }

    /** Does again the last one that was taken back. */
    fun redo(pixels: Pixels) {
        redone.lastOrNull()?.let { undone.addLast(swap(it, pixels)) } ?: return
        redone.removeLast()
    }

    private fun swap(patch: Patch, pixels: Pixels): Patch {
        val before = Patch(patch.box, pixels.take(patch.box))
        pixels.put(patch.box, patch.bytes)
        return before
    }
}
