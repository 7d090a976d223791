package mobileinpaint.core

import java.nio.ByteBuffer
import java.util.zip.CRC32

private const val NANOSECONDS_OF_A_MILLISECOND = 1e6

/**
 * Milliseconds of each run.
 *
 * @property completed the output changed every time that the input did, so the times are those of finished work and not of a
 *   dispatch that something else finishes later.
 */
class Timing(val warmupMs: List<Double>, val timesMs: List<Double>, val completed: Boolean)

/**
 * The times of [runs] runs after [warmup] others.
 *
 * @param clock nanoseconds from any beginning; read right before and right after each run.
 * @param run one run on the i-th input, and what it computed, read back into memory. Neighbouring inputs differ.
 */
fun measure(warmup: Int, runs: Int, clock: () -> Long = System::nanoTime, run: (Int) -> FloatArray): Timing {
    val times = mutableListOf<Double>()
    val checksums = mutableListOf<Long>()
    for (i in 0 until warmup + runs) {
        val started = clock()
        val output = run(i)
        times += milliseconds(clock() - started)
        checksums += checksum(output)
    }
    val changed = checksums.size > 1 && checksums.zipWithNext().all { (before, after) -> before != after }
    return Timing(times.take(warmup), times.drop(warmup), changed)
}

/** To a tenth of a microsecond. */
fun milliseconds(nanoseconds: Long): Double = Math.round(nanoseconds / NANOSECONDS_OF_A_MILLISECOND * 1e4) / 1e4

private fun checksum(values: FloatArray): Long {
    val bytes = ByteBuffer.allocate(4 * values.size).apply { asFloatBuffer().put(values) }.array()
    return CRC32().apply { update(bytes, 0, bytes.size) }.value
}
