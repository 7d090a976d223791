package mobileinpaint.core

/** What a user can be told in one line: what is wrong and what to do. */
open class InpaintError(message: String, cause: Throwable? = null) : Exception(message, cause)

/** An artifact or its manifest is unreadable, tampered with, unverified, or of a newer schema than this app reads. */
class ManifestError(message: String) : InpaintError(message)

/** A mask that does not fit the photo, marks nothing, or marks everything. */
class MaskError(message: String) : InpaintError(message)

/** A latency report that is none. */
class BenchError(message: String) : InpaintError(message)

/** The network could not be loaded or run on this device. */
class EngineError(message: String, cause: Throwable? = null) : InpaintError(message, cause)

/** An erase that its user called off; the photo is as it was before. */
class Cancelled : InpaintError("cancelled: the photo is as it was")

/** This app may not have as much memory as was asked for; the photo is as it was before. */
class NoMemory : InpaintError("not enough memory for that: the photo is as it was; close other apps, or open a smaller photo")

/**
 * What [task] gives.
 *
 * @throws NoMemory there was not enough, which would otherwise end the app.
 */
inline fun <T> withinMemory(task: () -> T): T = try {
    task()
} catch (_: OutOfMemoryError) {
    throw NoMemory()
}
