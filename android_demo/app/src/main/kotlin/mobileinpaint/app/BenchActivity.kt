package mobileinpaint.app

import android.app.Activity
import android.app.ActivityManager
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.Bundle
import android.util.Log
import android.widget.TextView
import java.io.File
import java.io.IOException
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone
import kotlin.concurrent.thread
import mobileinpaint.core.Artifact
import mobileinpaint.core.ColdStart
import mobileinpaint.core.InpaintError
import mobileinpaint.core.LatencyReport
import mobileinpaint.core.Machine
import mobileinpaint.core.Subject
import mobileinpaint.core.Thermal
import mobileinpaint.core.Timing
import mobileinpaint.core.doubts
import mobileinpaint.core.measure
import mobileinpaint.core.milliseconds
import mobileinpaint.core.withinMemory

private const val TAG = "mobile-inpaint"
private const val MEGABYTE = 1_000_000L

/**
 * The bench mode. Started over adb, it times the bundled network and writes a LatencyReport into the app's own folder; the last line it
 * logs is `report PATH` or `failed REASON`. Extras: `accelerator`, `threads`, `warmup`, `iterations`.
 */
class BenchActivity : Activity() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val text = TextView(this)
        setContentView(text)
        if (state != null) return // turned; the first one is still measuring
        thread(name = "bench") {
            val line = try {
                "report ${withinMemory { run() }}"
            } catch (error: InpaintError) {
                "failed ${error.message}"
            } catch (error: IOException) {
                "failed ${error.message}"
            }
            Log.i(TAG, line)
            runOnUiThread { text.text = line }
        }
    }

    private fun run(): File {
        val accelerator = intent.getStringExtra("accelerator") ?: Engines.accelerators.first()
        if (accelerator !in Engines.accelerators) throw InpaintError("$accelerator: there are ${Engines.accelerators.joinToString()}")
        val threads = intent.getIntExtra("threads", 4).coerceAtLeast(1)
        val iterations = intent.getIntExtra("iterations", 50).coerceAtLeast(1)
        val warmup = intent.getIntExtra("warmup", 10).coerceAtLeast(0)
        val date = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss", Locale.ROOT).apply { timeZone = TimeZone.getTimeZone("UTC") }.format(Date())
        val artifact = bundledArtifact(assets)
        val inputs = List(2) { Inputs(artifact.manifest.contract.sizePx, it) }
        val machine = machine()
        val heldBefore = memory("VmRSS")
        val began = System.nanoTime()
        val report = Engines.open(artifact, accelerator, threads).use { inpainter ->
            val loadMs = milliseconds(System.nanoTime() - began)
            val firstMs = measure(0, 1) { inputs[1].run(inpainter::fill) }.timesMs.single()
            val warmBefore = temperature()
            val timing = measure(warmup, iterations) { inputs[it % 2].run(inpainter::fill) }
            val start = ColdStart(loadMs, firstMs, rise("VmHWM", heldBefore), rise("VmRSS", heldBefore))
            val thermal = Thermal(warmBefore, temperature())
            told(artifact, machine, inpainter.runtime, inpainter.accelerator, threads, timing, start, thermal, date)
        }
        val folder = getExternalFilesDir(null) ?: filesDir
        return File(folder, "latency_report.json").apply { writeText(report.toJson()) }
    }

    private fun told(
        artifact: Artifact, machine: Machine, runtime: String, unit: String, threads: Int, timing: Timing, start: ColdStart,
        thermal: Thermal, date: String,
    ): LatencyReport {
        val manifest = artifact.manifest
        val contract = manifest.contract
        val inputs = contract.inputs.associate { it.name to "${it.dtype} ${it.shape.joinToString("x")}" }
        val subject = Subject(
            manifest.file, manifest.sha256, manifest.bytes, inputs, contract.model, contract.provenance.checkpoint, contract.precision,
            contract.sizePx, manifest.quality,
        )
        return LatencyReport(
            subject, machine, runtime, unit, computesIn = null, threads, if (timing.completed) "completion" else "dispatch",
            timing.warmupMs, timing.timesMs, listOf(start), pipeline = null, inTurnWith = emptyList(), "$date+00:00",
            loadAverage = null, mapOf(runtime.substringBefore(' ') to runtime.substringAfter(' ')), commit = null,
            "adb shell am start -n $packageName/${javaClass.name}", doubts(timing.timesMs, timing.completed), thermal = thermal,
        )
    }

    private fun machine(): Machine {
        val memory = ActivityManager.MemoryInfo()
        (getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager).getMemoryInfo(memory)
        return Machine(
            Build.MODEL.lowercase(Locale.ROOT).replace(' ', '-'), Build.HARDWARE, Runtime.getRuntime().availableProcessors(),
            (memory.totalMem / MEGABYTE).toInt(), "Android ${Build.VERSION.RELEASE}", (memory.availMem / MEGABYTE).toInt(),
        )
    }

    /** Of the battery, in degrees Celsius, which an app may ask without any permission. */
    private fun temperature(): Double? {
        val battery = registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED)) ?: return null
        return battery.getIntExtra(BatteryManager.EXTRA_TEMPERATURE, -1).takeIf { it > 0 }?.div(10.0)
    }

    private fun rise(key: String, before: Long?): Long? = memory(key)?.let { now -> before?.let { maxOf(now - it, 0L) } }

    /** What the system says of this process, in bytes. */
    private fun memory(key: String): Long? = try {
        File("/proc/self/status").readLines().firstOrNull { it.startsWith("$key:") }?.filter { it.isDigit() }?.toLong()?.times(1024)
    } catch (_: IOException) {
        null
    }
}

/** A picture of [side] x [side] with a round hole, another for each [number]. */
private class Inputs(side: Int, number: Int) {
    private val mask = FloatArray(side * side) {
        val (y, x) = it / side - side / 2 to it % side - side / 2
        if (x * x + y * y < side * side / 16) 1f else 0f
    }
    private val image = FloatArray(3 * side * side) { if (mask[it % mask.size] > 0) 0f else (it * (7 + number) % 251) / 250f }

    fun run(fill: (FloatArray, FloatArray) -> FloatArray): FloatArray = fill(image, mask)
}
