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
import mobileinpaint.core.Bench
import mobileinpaint.core.InpaintError
import mobileinpaint.core.Machine
import mobileinpaint.core.Process
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
        val command = "adb shell am start -n $packageName/${javaClass.name}"
        val bench = Bench(artifact, machine(), process, "$date+00:00", command) { Engines.open(artifact, accelerator, threads) }
        val report = bench.run(threads, warmup, iterations)
        return File(getExternalFilesDir(null) ?: filesDir, "latency_report.json").apply { writeText(report.toJson()) }
    }

    private fun machine(): Machine {
        val memory = ActivityManager.MemoryInfo()
        (getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager).getMemoryInfo(memory)
        return Machine(
            Build.MODEL.lowercase(Locale.ROOT).replace(' ', '-'), Build.HARDWARE, Runtime.getRuntime().availableProcessors(),
            (memory.totalMem / MEGABYTE).toInt(), "Android ${Build.VERSION.RELEASE}", (memory.availMem / MEGABYTE).toInt(),
        )
    }

    private val process = object : Process {
        override fun held() = memory("VmRSS")

        override fun peak() = memory("VmHWM")

        /** An app may ask without any permission. */
        override fun temperature(): Double? {
            val battery = registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED)) ?: return null
            return battery.getIntExtra(BatteryManager.EXTRA_TEMPERATURE, -1).takeIf { it > 0 }?.div(10.0)
        }

        /** What the system says of this process. */
        private fun memory(key: String): Long? = try {
            File("/proc/self/status").readLines().firstOrNull { it.startsWith("$key:") }?.filter { it.isDigit() }?.toLong()?.times(1024)
        } catch (_: IOException) {
            null
        }
    }
}
